//! The chart of service times: for each time, the share of tasks that took no longer.

use super::axis::{TimeUnit, logarithmic_ticks, ticks};
use super::lines::{Axis, Chart, Line, Marks, Shape, line_class};
use crate::drawn::is_large;
use crate::model::{Run, Task, Terms};
use crate::text::{article, plural, series_title};

/// The time axis is logarithmic if the longest time is more than this many times the shortest.
const LOGARITHMIC_RATIO: f64 = 50.0;

/// The most points of a line if the runs have very many tasks. A chart cannot show finer detail.
const POINTS: usize = 2_000;

/// Returns the chart of all runs.
pub(crate) fn latency(runs: &[&Run], terms: &Terms) -> Chart {
    let shares = |run: &Run| match is_large(runs) {
        true => downsample(&cumulative_shares(run)),
        false => cumulative_shares(run),
    };
    let line = |(i, run): (usize, &&Run)| Line {
        name: series_title(run, terms),
        class: line_class(i),
        points: shares(run),
        shape: Shape::Steps,
    };
    let mut lines: Vec<_> = runs.iter().enumerate().map(line).collect();
    let points = || {
        lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|point| point.0)
    };
    let longest_ms = points().fold(0.001, f64::max);
    let shortest_ms = points().fold(longest_ms, f64::min);
    let task = terms.task;
    let x = time_axis(shortest_ms, longest_ms, task);
    for line in &mut lines {
        // Start at the left edge and follow the bottom up to the shortest service time.
        line.points.insert(0, (x.from, 0.0));
    }
    let percent = |percent: f64| (percent, percent.to_string());
    Chart {
        description: format!(
            "The share of {} that took no longer than a given time, one line per run",
            plural(task)
        ),
        x,
        y: Axis {
            caption: format!("share of {}, %", plural(task)),
            from: 0.0,
            to: 100.0,
            logarithmic: false,
            ticks: [0.0, 25.0, 50.0, 75.0, 100.0].map(percent).to_vec(),
        },
        lines,
        marks: Some(Marks::Service),
    }
}

/// Returns an axis that fits the times. From zero, times that are close together would be one steep line; on a linear
/// axis, times that are far apart would be one steep line at the left edge.
fn time_axis(shortest_ms: f64, longest_ms: f64, task: &str) -> Axis {
    let logarithmic = shortest_ms > 0.0 && longest_ms > LOGARITHMIC_RATIO * shortest_ms;
    let span = longest_ms - shortest_ms;
    let (from, beginning) = match () {
        () if logarithmic => (shortest_ms * 0.9, "; logarithmic"),
        () if shortest_ms > longest_ms / 2.0 => (
            (shortest_ms - 0.05 * span - 0.5).max(0.0),
            "; not from zero",
        ),
        () => (0.0, ""),
    };
    let to = longest_ms
        + if logarithmic {
            0.1 * longest_ms
        } else {
            0.03 * (longest_ms - from)
        };
    let unit = TimeUnit::fitting(to);
    let values = if logarithmic {
        logarithmic_ticks(from, to)
    } else {
        ticks(from, to, 8)
    };
    Axis {
        caption: format!(
            "service time of {} {task}, {}{beginning}",
            article(task),
            unit.name
        ),
        from,
        to,
        logarithmic,
        ticks: unit.ticks(values),
    }
}

/// Returns the service times in ascending order, each with the percentage of tasks that took no longer.
fn cumulative_shares(run: &Run) -> Vec<(f64, f64)> {
    let mut times: Vec<_> = run.attempted().map(Task::service_ms).collect();
    times.sort_by(f64::total_cmp);
    let all = times.len() as f64;
    let share = |(i, ms): (usize, f64)| (ms, 100.0 * (i + 1) as f64 / all);
    times.into_iter().enumerate().map(share).collect()
}

/// Reduces the times to the shortest, and the longest of each interval of shares. The share at each is exact.
fn downsample(shares: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let step = shares.len().div_ceil(POINTS).max(1);
    let longest = shares.chunks(step).filter_map(<[_]>::last);
    let shortest = shares.first().filter(|_| step > 1);
    shortest.into_iter().chain(longest).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_share_reaches_100_percent_at_the_slowest_task() {
        let mut run = samples::run("a", 1, 4);
        for (task, ms) in run.tasks.iter_mut().zip([40.0, 10.0, 30.0, 20.0]) {
            task.phases = samples::phases([0.0, 0.0, 0.0, ms, 0.0, 0.0]);
        }
        assert_eq!(
            cumulative_shares(&run),
            [(10.0, 25.0), (20.0, 50.0), (30.0, 75.0), (40.0, 100.0)]
        );
        run.tasks[0].phases.clear();
        assert_eq!(cumulative_shares(&run).len(), 3);
    }

    #[test]
    fn very_many_times_are_reduced_and_the_slowest_stays() {
        let shares: Vec<_> = (1..=100_001)
            .map(|i| (f64::from(i), f64::from(i) / 1000.01))
            .collect();
        let reduced = downsample(&shares);
        assert!(reduced.len() <= POINTS + 1, "{}", reduced.len());
        assert_eq!(reduced[..2], [shares[0], shares[50]]);
        assert_eq!(reduced.last(), shares.last());
        assert_eq!(downsample(&shares[..5]), shares[..5]);
    }

    #[test]
    fn the_axis_fits_the_times() {
        let axis = |shortest_ms, longest_ms| time_axis(shortest_ms, longest_ms, "download");
        assert_eq!(axis(10.0, 100.0).from, 0.0);
        assert!(axis(500.0, 510.0).from > 490.0);
        assert!(axis(1.0, 100.0).logarithmic);
        assert!(!axis(0.0, 0.001).logarithmic);
        assert_eq!(
            axis(1.0, 100.0).caption,
            "service time of a download, ms; logarithmic"
        );
    }
}
