//! The service and queue time of a task, and the ideal time of a run.
//!
//! The **service time** of a task excludes waiting for a slot and pauses. The **ideal** time of a run is a lower bound
//! on any schedule of its tasks: no run can end before its longest task, or before its slots have served all tasks.

use crate::model::{PhaseKind, Run, Task};

/// Returns whether a phase is waiting for a slot or a pause, which are not part of the service time.
fn is_idle(kind: PhaseKind) -> bool {
    matches!(kind, PhaseKind::Queue | PhaseKind::Pause)
}

impl Task {
    /// Returns the time that the task waited for a slot or paused, in milliseconds.
    pub(crate) fn queue_ms(&self) -> f64 {
        let idle = self.phases.iter().filter(|phase| is_idle(phase.kind));
        idle.map(|phase| phase.ms).sum()
    }

    /// Returns the service time of the task, in milliseconds.
    pub(crate) fn service_ms(&self) -> f64 {
        let busy = self.phases.iter().filter(|phase| !is_idle(phase.kind));
        busy.map(|phase| phase.ms).sum()
    }
}

impl Run {
    /// Returns the tasks that were attempted.
    pub(crate) fn attempted(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| !task.phases.is_empty())
    }

    /// Returns the lower bound on any schedule of the tasks of this run on its slots, in milliseconds.
    pub(super) fn ideal_ms(&self) -> f64 {
        let times: Vec<_> = self.attempted().map(Task::service_ms).collect();
        let longest = times.iter().copied().fold(0.0, f64::max);
        longest.max(times.iter().sum::<f64>() / self.slots.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use crate::samples;

    #[test]
    fn service_time_excludes_waiting_for_a_slot_and_pauses() {
        let mut task = samples::task("BR", 0.0);
        task.phases = samples::phases([10.0, 1.0, 20.0, 2.0, 3.0, 4.0]);
        assert_eq!((task.queue_ms(), task.service_ms()), (30.0, 10.0));
    }

    #[test]
    fn the_ideal_is_the_longest_task_or_the_sum_divided_by_the_slots() {
        let ideal_ms = |slots, service: &[f64]| {
            let mut run = samples::run("a", slots, service.len());
            for (task, ms) in run.tasks.iter_mut().zip(service) {
                task.phases = samples::phases([10.0, 1.0, 0.0, ms - 1.5, 0.25, 0.25]);
            }
            run.ideal_ms()
        };
        assert_eq!(ideal_ms(1, &[10.0, 20.0, 30.0]), 60.0);
        assert_eq!(ideal_ms(2, &[10.0, 20.0, 30.0]), 30.0);
        assert_eq!(ideal_ms(2, &[20.0, 20.0, 30.0]), 35.0);
        assert_eq!(ideal_ms(100, &[20.0, 20.0, 30.0]), 30.0);
        assert_eq!(ideal_ms(100, &[]), 0.0);
    }
}
