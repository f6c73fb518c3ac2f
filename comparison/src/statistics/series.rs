//! The runs with one label and as many slots, in numbers.

use super::groups::{groups, middle};
use super::spread::{Percentiles, Spread, ratio};
use crate::model::{Comparison, Outcome, Run, Task};

/// The runs with one label and as many slots, in numbers. Times are milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The label.
    pub label: String,
    /// How many tasks could run at once.
    pub slots: usize,
    /// How many runs there were.
    pub rounds: usize,
    /// Tasks that ended as they should, by the run in the middle.
    pub ok: usize,
    /// Tasks that there was nothing to do with.
    pub not_found: usize,
    /// Tasks that failed.
    pub error: usize,
    /// Tasks that never started.
    pub not_attempted: usize,
    /// From the start of a run to the end of its last task.
    pub elapsed_ms: Spread,
    /// How many times faster than the slowest series, by medians.
    pub speed_up: f64,
    /// The lower bound on any schedule of these tasks over these slots.
    pub ideal_ms: f64,
    /// The ideal over the elapsed time: 1 cannot be surpassed.
    pub of_ideal: f64,
    /// What tasks took, without their waiting for a slot.
    pub latency_ms: Percentiles,
    /// Waiting for a slot, and pauses.
    pub queue_ms: Percentiles,
    /// Processor time, including the system's: the median.
    pub cpu_ms: Option<f64>,
    /// The most memory, in bytes.
    pub peak_memory: Option<u64>,
    /// The most tasks in flight at the same moment, as measured from outside.
    pub peak_in_flight: Option<usize>,
}

/// Returns the series of the runs, sorted by label as the terms list them, then by slots. Runs that were ended early are left
/// out.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// // Three sleeps of a second, on one thread and on three.
/// let series = comparison::series(&sleeps());
/// assert_eq!((series[0].slots, series[0].elapsed_ms.median), (1, 3000.0));
/// assert_eq!((series[1].slots, series[1].elapsed_ms.median), (3, 1000.0));
/// assert_eq!(series[1].speed_up, 3.0);
/// ```
pub fn series(comparison: &Comparison) -> Vec<Series> {
    let whole = comparison.runs.iter().filter(|run| run.ended_by.is_none());
    let groups = groups(whole);
    let mut all: Vec<_> = groups.iter().map(|runs| one_series(runs)).collect();
    // The order of the runs is no guide: rounds may be rotated.
    let place = |of: &Series| {
        let mut labels = comparison.terms.labels.iter();
        let first = groups.iter().position(|runs| runs[0].label == of.label);
        (labels.position(|label| *label == of.label), first, of.slots)
    };
    all.sort_by_key(place);
    let medians = all.iter().map(|series| series.elapsed_ms.median);
    let slowest = medians.fold(0.0, f64::max);
    for series in &mut all {
        series.speed_up = ratio(slowest, series.elapsed_ms.median);
    }
    all
}

/// `runs` are at least one, alike in label and slots.
fn one_series(runs: &[&Run]) -> Series {
    let middle = middle(runs);
    let count = |outcome| {
        let ended = middle.tasks.iter().filter(|task| task.outcome == outcome);
        ended.count()
    };
    let tasks = || runs.iter().flat_map(|run| run.attempted());
    let shares = runs.iter().map(|run| ratio(run.ideal_ms(), run.elapsed_ms));
    let cpu: Vec<_> = runs.iter().filter_map(|run| run.cpu_ms).collect();
    Series {
        label: middle.label.clone(),
        slots: middle.slots,
        rounds: runs.len(),
        ok: count(Outcome::Ok),
        not_found: count(Outcome::NotFound),
        error: count(Outcome::Error),
        not_attempted: count(Outcome::NotAttempted),
        elapsed_ms: Spread::of(runs.iter().map(|run| run.elapsed_ms)),
        speed_up: 1.0,
        ideal_ms: middle.ideal_ms(),
        of_ideal: Spread::of(shares).median,
        latency_ms: Percentiles::of(tasks().map(Task::service_ms)),
        queue_ms: Percentiles::of(tasks().map(Task::queue_ms)),
        cpu_ms: (!cpu.is_empty()).then(|| Spread::of(cpu).median),
        peak_memory: runs.iter().filter_map(|run| run.peak_memory).max(),
        peak_in_flight: runs.iter().filter_map(|run| run.peak_in_flight).max(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// A run of tasks that took these times, in milliseconds.
    fn run(label: &str, slots: usize, elapsed_ms: f64, service: &[f64]) -> Run {
        let mut run = samples::run(label, slots, service.len());
        for (i, (task, ms)) in run.tasks.iter_mut().zip(service).enumerate() {
            task.phases = samples::phases([10.0 * i as f64, 1.0, 0.0, ms - 1.5, 0.25, 0.25]);
        }
        Run {
            elapsed_ms,
            cpu_ms: Some(elapsed_ms / 10.0),
            peak_memory: Some(1000),
            ..run
        }
    }

    #[test]
    fn speed_up_is_over_the_slowest() {
        let series = series(&samples::of(vec![
            run("sequential", 1, 70.0, &[10.0, 20.0, 30.0]),
            run("semaphore", 3, 35.0, &[10.0, 20.0, 30.0]),
        ]));
        assert_eq!((series[0].speed_up, series[1].speed_up), (1.0, 2.0));
        assert_eq!((series[0].ideal_ms, series[1].ideal_ms), (60.0, 30.0));
        assert_eq!(series[0].of_ideal, 60.0 / 70.0);
        assert_eq!(series[1].of_ideal, 30.0 / 35.0);
    }

    #[test]
    fn rounds_are_one_series_with_its_median_and_all_its_tasks() {
        let series = series(&samples::of(vec![
            run("a", 2, 40.0, &[1.5, 2.0]),
            run("a", 2, 20.0, &[3.0, 4.0]),
            run("a", 2, 30.0, &[5.0, 6.0]),
            run("a", 3, 99.0, &[5.0]),
        ]));
        assert_eq!(
            (series.len(), series[0].rounds, series[1].rounds),
            (2, 3, 1)
        );
        let Spread { median, min, max } = series[0].elapsed_ms;
        assert_eq!((median, min, max), (30.0, 20.0, 40.0));
        let Percentiles { p50, p95, max } = series[0].latency_ms;
        assert_eq!((p50, p95, max), (3.0, 6.0, 6.0));
        assert_eq!(series[0].queue_ms.max, 10.0);
        assert_eq!(
            (series[0].cpu_ms, series[0].peak_memory),
            (Some(3.0), Some(1000))
        );
    }

    #[test]
    fn labels_stand_in_the_order_of_the_terms_and_unknown_ones_first() {
        let runs = [
            ("semaphore", 5),
            ("other", 3),
            ("sequential", 1),
            ("another", 1),
            ("semaphore", 2),
            ("other", 1),
        ];
        let runs = runs.map(|(label, slots)| samples::run(label, slots, 1));
        let order: Vec<_> = series(&samples::of(runs.to_vec()))
            .into_iter()
            .map(|series| format!("{} {}", series.label, series.slots))
            .collect();
        assert_eq!(
            order,
            [
                "other 1",
                "other 3",
                "another 1",
                "sequential 1",
                "semaphore 2",
                "semaphore 5"
            ]
        );
    }

    #[test]
    fn a_run_that_was_ended_early_is_not_part_of_a_series() {
        let mut runs = vec![run("a", 1, 10.0, &[5.0]), run("b", 1, 20.0, &[5.0])];
        runs[1].ended_by = Some("SIGINT".to_owned());
        assert_eq!(series(&samples::of(runs)).len(), 1);
    }
}
