//! Summarizes the runs of each series.

use super::groups::{groups, median_run};
use super::interval::Interval;
use super::spread::{Percentiles, Spread, outliers, ratio};
use crate::model::{Comparison, Outcome, Run, Task};

/// The statistics of the runs that have the same label and the same number of slots. Times are milliseconds.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Series {
    /// The label of the runs.
    pub label: String,
    /// The limit on how many tasks run at once.
    pub slots: usize,
    /// The number of runs.
    pub rounds: usize,
    /// The elapsed time of each run, in milliseconds, with the number of its round. Runs of the same round belong together.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub elapsed_by_round: Vec<(u32, f64)>,
    /// The number of runs whose elapsed time is far from that of the others.
    pub outliers: usize,
    /// The number of tasks that succeeded. This count and the three below are those of the median run.
    pub ok: usize,
    /// The number of tasks that were not found.
    pub not_found: usize,
    /// The number of tasks that failed.
    pub error: usize,
    /// The number of tasks that never started.
    pub not_attempted: usize,
    /// The time from the start of a run to the end of its last task, over all runs.
    pub elapsed_ms: Spread,
    /// How many times faster the series was than the slowest one: from paired rounds if there are enough for an interval, and
    /// otherwise the ratio of the medians. `None` if the outcomes of the series differ, or no task succeeded.
    pub speed_up: Option<f64>,
    /// The speed-up from paired rounds, with its confidence interval; `None` for the slowest series and with too few rounds.
    pub speed_up_interval: Option<Interval>,
    /// A lower bound on any schedule of the tasks of a run on these slots, the median over all runs.
    pub ideal_ms: f64,
    /// The ideal time divided by the median elapsed time; it cannot exceed 1.
    pub of_ideal: f64,
    /// Percentiles of the service times. Waiting for a slot and pauses are excluded.
    pub latency_ms: Percentiles,
    /// The times that tasks waited for a slot or paused.
    pub queue_ms: Percentiles,
    /// The median user and system CPU time, if known.
    pub cpu_ms: Option<f64>,
    /// The largest peak memory of a run, in bytes, if known.
    pub peak_memory: Option<u64>,
    /// The largest number of tasks in flight at once, as measured outside the runs, if known.
    pub peak_in_flight: Option<usize>,
}

/// Returns the series of the runs, sorted by label in the order of the terms, then by slots. Ignores runs that were
/// ended early.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// // Three sleeps of a second, on one thread and on three.
/// let series = comparison::series(&sleeps());
/// assert_eq!((series[0].slots, series[0].elapsed_ms.median), (1, 3000.0));
/// assert_eq!((series[1].slots, series[1].elapsed_ms.median), (3, 1000.0));
/// assert_eq!(series[1].speed_up, Some(3.0));
/// ```
pub fn series(comparison: &Comparison) -> Vec<Series> {
    let complete = comparison.runs.iter().filter(|run| run.ended_by.is_none());
    let groups = groups(complete);
    let mut all: Vec<_> = groups.iter().map(|runs| summarize(runs)).collect();
    // Do not keep the order of the runs: each round may start with another series.
    let sort_key = |of: &Series| {
        let mut labels = comparison.terms.labels.iter();
        let first = groups.iter().position(|runs| runs[0].label == of.label);
        (labels.position(|label| *label == of.label), first, of.slots)
    };
    all.sort_by_key(sort_key);
    if are_comparable(&all) {
        add_speed_ups(&mut all);
    }
    all
}

/// Returns whether the times of these series can be compared: the counts of outcomes are the same, and any task succeeded.
pub(super) fn are_comparable(series: &[Series]) -> bool {
    let outcomes = |of: &Series| (of.ok, of.not_found, of.error, of.not_attempted);
    let differ = series
        .windows(2)
        .any(|two| outcomes(&two[0]) != outcomes(&two[1]));
    !differ && series.iter().any(|of| of.ok > 0)
}

/// Computes the speed-ups over the slowest series, with their intervals.
fn add_speed_ups(all: &mut [Series]) {
    let by_median = |a: &&Series, b: &&Series| a.elapsed_ms.median.total_cmp(&b.elapsed_ms.median);
    let Some(slowest) = all.iter().max_by(by_median).cloned() else {
        return;
    };
    let comparisons = comparisons(all.len());
    for series in all {
        if (&series.label, series.slots) != (&slowest.label, slowest.slots) {
            series.speed_up_interval = Interval::of(&paired(&slowest, series), comparisons);
        }
        let of_medians = ratio(slowest.elapsed_ms.median, series.elapsed_ms.median);
        let interval = series.speed_up_interval;
        series.speed_up = Some(interval.map_or(of_medians, |interval| interval.ratio));
    }
}

/// Returns the number of pairs of this many series.
pub(crate) fn comparisons(series: usize) -> usize {
    series * series.saturating_sub(1) / 2
}

/// Returns the elapsed times of both series in the rounds in which both ran.
pub(super) fn paired(one: &Series, other: &Series) -> Vec<(f64, f64)> {
    let of_other = |round| {
        let mut rounds = other.elapsed_by_round.iter();
        rounds.find(|(of, _)| *of == round).map(|(_, ms)| *ms)
    };
    let rounds = one.elapsed_by_round.iter();
    rounds
        .filter_map(|(round, ms)| Some((*ms, of_other(*round)?)))
        .collect()
}

/// Summarizes runs with the same label and slots. Panics if there are none.
fn summarize(runs: &[&Run]) -> Series {
    let median_run = median_run(runs);
    let count = |outcome| {
        let ended = median_run
            .tasks
            .iter()
            .filter(|task| task.outcome == outcome);
        ended.count()
    };
    let tasks = || runs.iter().flat_map(|run| run.attempted());
    let elapsed_ms = Spread::of(runs.iter().map(|run| run.elapsed_ms));
    let ideal_ms = Spread::of(runs.iter().map(|run| run.ideal_ms())).median;
    let cpu: Vec<_> = runs.iter().filter_map(|run| run.cpu_ms).collect();
    Series {
        label: median_run.label.clone(),
        slots: median_run.slots,
        rounds: runs.len(),
        elapsed_by_round: runs
            .iter()
            .map(|run| (run.round.unwrap_or(1), run.elapsed_ms))
            .collect(),
        outliers: outliers(&runs.iter().map(|run| run.elapsed_ms).collect::<Vec<_>>()),
        ok: count(Outcome::Ok),
        not_found: count(Outcome::NotFound),
        error: count(Outcome::Error),
        not_attempted: count(Outcome::NotAttempted),
        elapsed_ms,
        speed_up: None,
        speed_up_interval: None,
        ideal_ms,
        of_ideal: ratio(ideal_ms, elapsed_ms.median),
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

    /// Returns a run of tasks with these service times, in milliseconds.
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
    fn speed_up_is_relative_to_the_slowest_series() {
        let series = series(&samples::comparison_of(vec![
            run("sequential", 1, 70.0, &[10.0, 20.0, 30.0]),
            run("semaphore", 3, 35.0, &[10.0, 20.0, 30.0]),
        ]));
        assert_eq!(
            (series[0].speed_up, series[1].speed_up),
            (Some(1.0), Some(2.0))
        );
        assert_eq!((series[0].ideal_ms, series[1].ideal_ms), (60.0, 30.0));
        assert_eq!(series[0].of_ideal, 60.0 / 70.0);
        assert_eq!(series[1].of_ideal, 30.0 / 35.0);
    }

    #[test]
    fn the_rounds_of_a_series_share_one_median_and_all_their_tasks_count() {
        let series = series(&samples::comparison_of(vec![
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
    fn labels_are_in_the_order_of_the_terms_after_unknown_ones() {
        let runs = [
            ("semaphore", 5),
            ("other", 3),
            ("sequential", 1),
            ("another", 1),
            ("semaphore", 2),
            ("other", 1),
        ];
        let runs = runs.map(|(label, slots)| samples::run(label, slots, 1));
        let order: Vec<_> = series(&samples::comparison_of(runs.to_vec()))
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
        assert_eq!(series(&samples::comparison_of(runs)).len(), 1);
    }
}
