//! Made-up runs for the tests of all modules.

use crate::model::{Comparison, Outcome, Phase, PhaseKind, PhaseTerms, Run, Task, Terms};

/// The words of a program that downloads.
pub(crate) static TERMS: Terms = Terms {
    series: "strategy",
    labels: &["sequential", "threadpool", "semaphore"],
    slot: "connection",
    task: "download",
    name: "code",
    in_flight: "From its turn to its last byte on disk, a download is in flight.",
    phases: &[
        words(PhaseKind::Queue, "queue", "queue"),
        words(PhaseKind::Earlier, "earlier", "earlier attempts"),
        words(PhaseKind::Pause, "pause", "pause"),
        words(PhaseKind::Waiting, "waiting", "ok: waiting for the answer"),
        words(PhaseKind::Body, "body", "body"),
        words(PhaseKind::Save, "saving", "saving"),
    ],
};

const fn words(kind: PhaseKind, name: &'static str, legend: &'static str) -> PhaseTerms {
    PhaseTerms { kind, name, legend }
}

/// Returns the phases of a task in the order in which a download goes through them: queue, earlier attempts, pause, waiting,
/// body, save.
pub(crate) fn phases(ms: [f64; 6]) -> Vec<Phase> {
    let phase = |(terms, ms): (&PhaseTerms, f64)| Phase {
        kind: terms.kind,
        ms,
    };
    TERMS.phases.iter().zip(ms).map(phase).collect()
}

/// Returns a task that started at that time and took 103 ms.
pub(crate) fn task(name: &str, start_ms: f64) -> Task {
    Task {
        name: name.to_owned(),
        lane: Some(0),
        outcome: Outcome::Ok,
        message: None,
        phases: phases([start_ms, 0.0, 0.0, 100.0, 2.0, 1.0]),
    }
}

/// Returns a run of this many tasks, AA, AB and so on, over this many slots.
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

/// Returns these runs beside each other.
pub(crate) fn of(runs: Vec<Run>) -> Comparison {
    Comparison {
        title: "26 country codes".to_owned(),
        facts: vec![("Program", "flags 0.1.0".to_owned())],
        terms: &TERMS,
        runs,
    }
}

/// Returns one task after the other beside all at once.
pub(crate) fn comparison(tasks: usize) -> Comparison {
    of(vec![
        run("sequential", 1, tasks),
        run("semaphore", tasks, tasks),
    ])
}

/// Makes a task fail with this message.
pub(crate) fn fail(task: &mut Task, message: &str) {
    task.outcome = Outcome::Error;
    task.message = Some(message.to_owned());
}
