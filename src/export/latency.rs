//! How long downloads took, their waiting for a turn left out: the share of them that was over by then.

use crate::export::axis::{TimeUnit, logarithmic_ticks, ticks};
use crate::export::chart::{Axis, Chart, Line, Shape, line_class};
use crate::export::wording::series_title;
use crate::results::RunResults;
use crate::summary::service_ms;

/// Over this many times the shortest, times are drawn by their logarithms.
const WIDE: f64 = 50.0;

/// All runs in one chart.
pub(super) fn chart(runs: &[&RunResults]) -> Chart {
    let line = |(i, run): (usize, &&RunResults)| Line {
        name: series_title(run),
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
    let x = time_axis(shortest_ms, longest_ms);
    for line in &mut lines {
        // From the left edge, along the bottom, to the first download that was over.
        line.points.insert(0, (x.from, 0.0));
    }
    let percent = |percent: f64| (percent, percent.to_string());
    Chart {
        description: "The share of downloads that took no longer than a time, a line for each run"
            .to_owned(),
        x,
        y: Axis {
            caption: "share of downloads, %".to_owned(),
            from: 0.0,
            to: 100.0,
            logarithmic: false,
            ticks: [0.0, 25.0, 50.0, 75.0, 100.0].map(percent).to_vec(),
        },
        lines,
    }
}

/// Times that are close to each other would be one steep line on an axis from zero; times far apart, one at the left edge.
fn time_axis(shortest_ms: f64, longest_ms: f64) -> Axis {
    let logarithmic = shortest_ms > 0.0 && longest_ms > WIDE * shortest_ms;
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
        caption: format!("service time of a download, {}{beginning}", unit.name),
        from,
        to,
        logarithmic,
        ticks: unit.ticks(values),
    }
}

/// The service times in order, each with the percentage of downloads that took no longer.
fn shares(run: &RunResults) -> Vec<(f64, f64)> {
    let begun = run
        .records
        .iter()
        .filter(|record| record.start_ms.is_some());
    let mut times: Vec<_> = begun.map(service_ms).collect();
    times.sort_by(f64::total_cmp);
    let all = times.len() as f64;
    let share = |(i, ms): (usize, f64)| (ms, 100.0 * (i + 1) as f64 / all);
    times.into_iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn the_last_download_makes_it_all_of_them() {
        let mut run = samples::run("a", 1, 4);
        for (record, ms) in run.records.iter_mut().zip([40.0, 10.0, 30.0, 20.0]) {
            (record.first_byte_ms, record.body_ms, record.save_ms) = (ms, 0.0, 0.0);
        }
        assert_eq!(
            shares(&run),
            [(10.0, 25.0), (20.0, 50.0), (30.0, 75.0), (40.0, 100.0)]
        );
        run.records[0].start_ms = None;
        assert_eq!(shares(&run).len(), 3);
    }

    #[test]
    fn the_axis_fits_the_times() {
        assert_eq!(time_axis(10.0, 100.0).from, 0.0);
        assert!(time_axis(500.0, 510.0).from > 490.0);
        assert!(time_axis(1.0, 100.0).logarithmic);
        assert!(!time_axis(0.0, 0.001).logarithmic);
    }
}
