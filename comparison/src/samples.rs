//! Made-up runs for the tests of all modules.

use std::collections::BTreeMap;

use crate::model::{
    Comparison, Outcome, PeakTerms, Phase, PhaseKind, PhaseTerms, Run, Task, Terms,
};

/// The words of a program that downloads files.
pub(crate) static TERMS: Terms = Terms {
    series: "strategy",
    labels: &["sequential", "threadpool", "semaphore"],
    slot: "connection",
    task: "download",
    name: "code",
    in_flight: "A download is in flight from its start to its last byte on disk.",
    not_found: true,
    peak_in_flight: Some(PeakTerms {
        column: "at server",
        explanation: "the most requests at once, as the server counted them.",
    }),
    lanes: false,
    phases: &[
        phase_terms(PhaseKind::Queue, "queue", "queue"),
        phase_terms(PhaseKind::Earlier, "earlier", "earlier attempts"),
        phase_terms(PhaseKind::Pause, "pause", "pause"),
        phase_terms(PhaseKind::Waiting, "waiting", "ok: waiting for the answer"),
        phase_terms(PhaseKind::Body, "body", "body"),
        phase_terms(PhaseKind::Save, "saving", "saving"),
    ],
    lane_note: None,
};

const fn phase_terms(kind: PhaseKind, name: &'static str, legend: &'static str) -> PhaseTerms {
    PhaseTerms { kind, name, legend }
}

/// Returns the phases of a download with these lengths: queue, earlier attempts, pause, waiting, body, save.
pub(crate) fn phases(ms: [f64; 6]) -> Vec<Phase> {
    let phase = |(terms, ms): (&PhaseTerms, f64)| Phase {
        kind: terms.kind,
        ms,
    };
    TERMS.phases.iter().zip(ms).map(phase).collect()
}

/// Returns a successful task that started at `start_ms` and took 103 ms.
pub(crate) fn task(name: &str, start_ms: f64) -> Task {
    Task {
        name: name.to_owned(),
        lane: Some(0),
        outcome: Outcome::Ok,
        message: None,
        phases: phases([start_ms, 0.0, 0.0, 100.0, 2.0, 1.0]),
    }
}

/// Returns a run of `tasks` tasks, named AA, AB and so on, over `slots` slots.
pub(crate) fn run(label: &str, slots: usize, tasks: usize) -> Run {
    let letter = |i: usize| char::from(b'A' + i as u8);
    let task = |i| {
        let name = format!("{}{}", letter(i / 26), letter(i % 26));
        task(&name, (i / slots) as f64 * 103.0)
    };
    Run {
        label: label.to_owned(),
        slots,
        round: None,
        ended_by: None,
        elapsed_ms: tasks.div_ceil(slots) as f64 * 103.0,
        cpu_ms: None,
        peak_memory: None,
        peak_in_flight: None,
        tasks: (0..tasks).map(task).collect(),
    }
}

/// Returns a run of very many tasks, named `file 0`, `file 1` and so on.
pub(crate) fn large_run(label: &str, slots: usize, tasks: usize) -> Run {
    let task = |i| {
        let start_ms = (i / slots) as f64 * 103.0;
        Task {
            lane: Some(i % slots),
            ..task(&format!("file {i}"), start_ms)
        }
    };
    Run {
        elapsed_ms: tasks.div_ceil(slots) as f64 * 103.0,
        tasks: (0..tasks).map(task).collect(),
        ..run(label, slots, 0)
    }
}

/// Returns a comparison of these runs.
pub(crate) fn comparison_of(runs: Vec<Run>) -> Comparison {
    Comparison {
        title: "26 country codes".to_owned(),
        facts: vec![("Program", "flags 0.1.0".to_owned())],
        terms: &TERMS,
        descriptions: BTreeMap::new(),
        runs,
    }
}

/// Returns a comparison of a sequential run with a run of all tasks at once.
pub(crate) fn comparison(tasks: usize) -> Comparison {
    comparison_of(vec![
        run("sequential", 1, tasks),
        run("semaphore", tasks, tasks),
    ])
}

/// Turns the task into an error with this message.
pub(crate) fn fail(task: &mut Task, message: &str) {
    task.outcome = Outcome::Error;
    task.message = Some(message.to_owned());
}
