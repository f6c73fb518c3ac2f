//! The service and queue time of a task, and the ideal time of a run.
//!
//! The **service time** of a task excludes waiting for a slot and pauses. The **ideal** time of a run is a lower bound
//! on any schedule of its tasks.

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

    /// Returns the service time of the task with its pauses, in milliseconds.
    fn paused_service_ms(&self) -> f64 {
        let own = self.phases.iter();
        let own = own.filter(|phase| phase.kind != PhaseKind::Queue);
        own.map(|phase| phase.ms).sum()
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
        let times = self.attempted().map(Task::service_ms).collect();
        // A task that pauses between its attempts cannot end earlier, although its slot may serve others meanwhile.
        let longest = self.attempted().map(Task::paused_service_ms);
        longest.fold(lower_bound(times, self.slots), f64::max)
    }
}

/// Returns a lower bound on the time in which `slots` can do tasks that take these times, one at a time each: the longest task,
/// the sum divided by the number of slots, and for each k the k + 1 shortest of the k * slots + 1 longest tasks, because k + 1
/// of those share a slot. For 676 equal tasks on 100 slots that is 7 rounds, where the sum gives 6.76.
///
/// ```
/// assert_eq!(comparison::lower_bound(vec![500.0; 676], 100), 3500.0);
/// ```
pub fn lower_bound(mut times: Vec<f64>, slots: usize) -> f64 {
    times.sort_by(|a, b| b.total_cmp(a));
    let slots = slots.max(1);
    let sum: f64 = times.iter().sum();
    // `before[i]` is the sum of the `i` longest. Without it, a million tasks on two slots would take minutes.
    let mut before = vec![0.0];
    before.extend(times.iter().scan(0.0, |sum, ms| {
        *sum += ms;
        Some(*sum)
    }));
    let shared = |k: usize| {
        let longest = times.len().min(k * slots + 1);
        longest.saturating_sub(k + 1)..longest
    };
    let about = |k: &usize| before[shared(*k).end] - before[shared(*k).start];
    let rounds = times.len().saturating_sub(1) / slots;
    let most = (0..=rounds).max_by(|a, b| about(a).total_cmp(&about(b)));
    // Added up again: a difference of sums has their rounding errors.
    let most: f64 = times[shared(most.unwrap_or(0))].iter().sum();
    most.max(sum / slots as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn service_time_excludes_waiting_for_a_slot_and_pauses() {
        let mut task = samples::task("BR", 0.0);
        task.phases = samples::phases([10.0, 1.0, 20.0, 2.0, 3.0, 4.0]);
        assert_eq!((task.queue_ms(), task.service_ms()), (30.0, 10.0));
    }

    #[test]
    fn the_ideal_is_the_strongest_of_three_bounds() {
        let ideal_ms = |slots, service: &[f64]| {
            let mut run = samples::run("a", slots, service.len());
            for (task, ms) in run.tasks.iter_mut().zip(service) {
                task.phases = samples::phases([10.0, 1.0, 0.0, ms - 1.5, 0.25, 0.25]);
            }
            run.ideal_ms()
        };
        assert_eq!(ideal_ms(1, &[10.0, 20.0, 30.0]), 60.0);
        assert_eq!(ideal_ms(2, &[10.0, 20.0, 30.0]), 30.0);
        assert_eq!(ideal_ms(2, &[20.0, 20.0, 30.0]), 40.0, "two share a slot");
        assert_eq!(ideal_ms(2, &[10.0, 10.0, 10.0, 90.0]), 90.0);
        assert_eq!(ideal_ms(2, &[40.0, 40.0, 10.0, 10.0]), 50.0);
        assert_eq!(ideal_ms(100, &[10.0; 676]), 70.0);
        assert_eq!(ideal_ms(2, &[20.0, 20.0, 30.0, 30.0]), 50.0);
        assert_eq!(ideal_ms(100, &[20.0, 20.0, 30.0]), 30.0);
        assert_eq!(ideal_ms(100, &[]), 0.0);

        // Every k, added up one by one.
        let times: Vec<_> = (0..500_u32)
            .map(|i| f64::from(i.wrapping_mul(2_654_435_761) % 1000) / 7.0)
            .collect();
        let mut sorted = times.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        for slots in [1, 2, 3, 10, 499, 600] {
            let sum = sorted.iter().sum::<f64>() / slots as f64;
            let shared = (0..=499 / slots).map(|k| {
                let longest = &sorted[..500.min(k * slots + 1)];
                longest[longest.len().saturating_sub(k + 1)..].iter().sum()
            });
            assert_eq!(
                lower_bound(times.clone(), slots),
                shared.fold(sum, f64::max)
            );
        }

        let mut run = samples::run("a", 100, 1);
        run.tasks[0].phases = samples::phases([50.0, 1.0, 20.0, 2.0, 3.0, 4.0]);
        assert_eq!(run.ideal_ms(), 30.0, "a task cannot end before its pauses");
    }
}
