// Made-up runs for the documentation examples, which include this file. The example `sleeps` uses its terms.

use comparison::{Comparison, Outcome, Phase, PhaseKind, PhaseTerms, Run, Task, Terms};

/// The words for sleeps on pools of threads.
pub(crate) static TERMS: Terms = Terms {
    series: "pool",
    labels: &["pool"],
    slot: "thread",
    task: "sleep",
    name: "sleep",
    in_flight: "A sleep is in flight from the moment a thread takes it until it ends.",
    not_found: true,
    peak_in_flight: None,
    lanes: false,
    phases: &[
        PhaseTerms {
            kind: PhaseKind::Queue,
            name: "queue",
            legend: "queue",
        },
        PhaseTerms {
            kind: PhaseKind::Waiting,
            name: "asleep",
            legend: "ok: asleep",
        },
    ],
    lane_note: None,
};

/// Returns a comparison of three sleeps of a second each, on one thread and on three.
pub(crate) fn sleeps() -> Comparison {
    Comparison {
        title: "Three sleeps".to_owned(),
        facts: vec![("Each", "1 s".to_owned())],
        terms: &TERMS,
        descriptions: std::collections::BTreeMap::new(),
        runs: vec![run(1), run(3)],
    }
}

fn run(threads: usize) -> Run {
    let task = |i: usize| Task {
        name: format!("sleep {i}"),
        lane: Some(i % threads),
        outcome: Outcome::Ok,
        message: None,
        phases: vec![
            Phase {
                kind: PhaseKind::Queue,
                ms: (i / threads) as f64 * 1000.0,
            },
            Phase {
                kind: PhaseKind::Waiting,
                ms: 1000.0,
            },
        ],
    };
    Run {
        label: "pool".to_owned(),
        slots: threads,
        round: None,
        ended_by: None,
        elapsed_ms: 3000.0 / threads as f64,
        cpu_ms: None,
        peak_memory: None,
        peak_in_flight: None,
        tasks: (0..3).map(task).collect(),
    }
}
