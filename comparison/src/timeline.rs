//! The phases of a task as spans on the time axis of its run, and the order in which tasks started.

use crate::model::{Phase, PhaseKind, Run, Task};

/// Pauses up to this length are not drawn: they come from rounding, and a real pause is at least a hundred times as long.
const IGNORED_PAUSE_MS: f64 = 1.0;

/// A stretch of time of a task. Times count from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The kind of phase.
    pub kind: PhaseKind,
    /// The start, in milliseconds.
    pub from_ms: f64,
    /// The end, in milliseconds.
    pub to_ms: f64,
}

impl Task {
    /// Returns the phases of the task as consecutive spans, without those too short to draw: pauses of up to a
    /// millisecond, and phases of less than half a microsecond. What is left out does not delay later spans.
    ///
    /// ```
    /// use comparison::{Outcome, Phase, PhaseKind, Task};
    ///
    /// let task = Task {
    ///     name: "BR".to_owned(),
    ///     lane: Some(0),
    ///     outcome: Outcome::Ok,
    ///     message: None,
    ///     phases: vec![
    ///         Phase { kind: PhaseKind::Queue, ms: 10.0 },
    ///         Phase { kind: PhaseKind::Pause, ms: 0.5 },
    ///         Phase { kind: PhaseKind::Body, ms: 20.0 },
    ///     ],
    /// };
    /// let spans = task.spans();
    /// assert_eq!(spans.len(), 2);
    /// assert_eq!((spans[1].kind, spans[1].from_ms, spans[1].to_ms), (PhaseKind::Body, 10.0, 30.0));
    /// ```
    pub fn spans(&self) -> Vec<Span> {
        self.drawn_spans().collect()
    }

    /// Returns the same spans one by one, for runs whose tasks are too many to allocate a vector for each.
    pub(crate) fn drawn_spans(&self) -> impl Iterator<Item = Span> {
        let mut from_ms = 0.0;
        // Reading two clocks a moment apart leaves a difference that is not a pause.
        let drawn = |kind, ms| kind != PhaseKind::Pause || ms > IGNORED_PAUSE_MS;
        // Times are whole microseconds, so a phase under half of one is a rounding error.
        let drawn = self
            .phases
            .iter()
            .filter(move |phase| drawn(phase.kind, phase.ms) && phase.ms >= 0.0005);
        let span = move |phase: &Phase| {
            let span = Span {
                kind: phase.kind,
                from_ms,
                to_ms: from_ms + phase.ms,
            };
            from_ms = span.to_ms;
            span
        };
        drawn.map(span)
    }

    /// Returns the start and the end of the task, in milliseconds; `None` if it was not attempted.
    ///
    /// ```
    /// use comparison::{Outcome, Phase, PhaseKind, Task};
    ///
    /// let queue = Phase { kind: PhaseKind::Queue, ms: 10.0 };
    /// let body = Phase { kind: PhaseKind::Body, ms: 20.0 };
    /// let mut task = Task {
    ///     name: "BR".to_owned(),
    ///     lane: Some(0),
    ///     outcome: Outcome::Ok,
    ///     message: None,
    ///     phases: vec![queue, body],
    /// };
    /// assert_eq!(task.interval(), Some((10.0, 30.0)));
    /// task.phases.clear();
    /// assert_eq!(task.interval(), None);
    /// ```
    pub fn interval(&self) -> Option<(f64, f64)> {
        let start_ms = self.start_ms()?;
        let end_ms = self
            .drawn_spans()
            .last()
            .map_or(start_ms, |span| span.to_ms);
        Some((start_ms, end_ms))
    }

    /// Returns the time at which the task got its slot; `None` if it was not attempted.
    pub(crate) fn start_ms(&self) -> Option<f64> {
        let first = self.phases.first()?;
        Some(match first.kind {
            PhaseKind::Queue => first.ms,
            _ => 0.0,
        })
    }
}

impl Run {
    /// Returns the tasks in the order in which they started. Tasks that were not attempted come last.
    ///
    /// ```
    /// use comparison::{Outcome, Phase, PhaseKind, Run, Task};
    ///
    /// let task = |name: &str, ms| Task {
    ///     name: name.to_owned(),
    ///     lane: None,
    ///     outcome: Outcome::Ok,
    ///     message: None,
    ///     phases: vec![Phase { kind: PhaseKind::Queue, ms }],
    /// };
    /// let run = Run {
    ///     label: "semaphore".to_owned(),
    ///     slots: 2,
    ///     round: None,
    ///     ended_by: None,
    ///     elapsed_ms: 20.0,
    ///     cpu_ms: None,
    ///     peak_memory: None,
    ///     peak_in_flight: None,
    ///     tasks: vec![task("BR", 10.0), task("CN", 0.0)],
    /// };
    /// assert_eq!(run.by_start()[0].name, "CN");
    /// ```
    pub fn by_start(&self) -> Vec<&Task> {
        by_start(self.tasks.iter().collect())
    }
}

/// Sorts tasks by their start. Tasks that were not attempted come last.
pub(crate) fn by_start(mut tasks: Vec<&Task>) -> Vec<&Task> {
    let start = |task: &Task| task.start_ms().unwrap_or(f64::INFINITY);
    tasks.sort_by(|a, b| {
        start(a)
            .total_cmp(&start(b))
            .then_with(|| a.name.cmp(&b.name))
    });
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn phases_follow_each_other_and_fill_the_time_of_the_task() {
        let mut task = samples::task("BR", 10.0);
        task.phases = samples::phases([10.0, 5.0, 2.0, 100.0, 2.0, 0.0]);
        let spans = task.spans();
        let kinds: Vec<_> = spans.iter().map(|span| span.kind).collect();
        assert_eq!(
            kinds,
            [
                PhaseKind::Queue,
                PhaseKind::Earlier,
                PhaseKind::Pause,
                PhaseKind::Waiting,
                PhaseKind::Body
            ]
        );
        assert!(
            spans
                .windows(2)
                .all(|pair| pair[0].to_ms == pair[1].from_ms)
        );
        assert_eq!(task.interval(), Some((10.0, 119.0)));
    }

    #[test]
    fn short_pauses_and_remainders_do_not_delay_the_later_phases() {
        let mut task = samples::task("BR", 10.0);
        task.phases = samples::phases([10.0, 0.0004, 1.0, 100.0, 0.0, 1.0]);
        let kinds: Vec<_> = task.spans().iter().map(|span| span.kind).collect();
        assert_eq!(
            kinds,
            [PhaseKind::Queue, PhaseKind::Waiting, PhaseKind::Save]
        );
        assert_eq!(task.interval(), Some((10.0, 111.0)));
    }

    #[test]
    fn a_task_that_was_not_attempted_has_no_interval_and_is_sorted_last() {
        let mut run = samples::run("a", 1, 3);
        run.tasks[0].phases.clear();
        assert_eq!(
            (run.tasks[0].spans().len(), run.tasks[0].interval()),
            (0, None)
        );
        let names: Vec<_> = run
            .by_start()
            .iter()
            .map(|task| task.name.as_str())
            .collect();
        assert_eq!(names, ["AB", "AC", "AA"]);
    }
}
