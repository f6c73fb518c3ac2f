//! The chart of the number of tasks in flight over time.

use super::axis::{TimeUnit, ticks};
use super::lines::{Axis, Chart, Line, Marks, Shape, line_class};
use crate::model::{Run, Task, Terms};
use crate::text::{capitalized, plural, series_title};

/// The number of intervals into which the time axis is divided. A chart cannot show finer detail.
const INTERVALS: usize = 800;

/// Returns the chart of all runs.
pub(crate) fn in_flight(runs: &[&Run], terms: &Terms) -> Chart {
    let ends = runs
        .iter()
        .flat_map(|run| &run.tasks)
        .filter_map(Task::interval);
    let longest_ms = ends.map(|(_, end_ms)| end_ms).fold(0.001, f64::max);
    let line = |(i, run): (usize, &&Run)| Line {
        name: series_title(run, terms),
        class: line_class(i),
        points: downsample(&steps(run), longest_ms),
        shape: Shape::Steps,
    };
    let lines: Vec<_> = runs.iter().enumerate().map(line).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let most = points().map(|point| point.1).fold(1.0, f64::max);
    let unit = TimeUnit::fitting(longest_ms);
    let whole = |value: &f64| value.fract() == 0.0;
    let counts = ticks(0.0, most, 5).into_iter().filter(whole);
    let caption = format!("{} in flight", plural(terms.task));
    Chart {
        description: format!("{} over time, one line per run", capitalized(&caption)),
        x: Axis {
            caption: format!("time since the run began, {}", unit.name),
            from: 0.0,
            to: longest_ms,
            logarithmic: false,
            ticks: unit.ticks(ticks(0.0, longest_ms, 8)),
        },
        y: Axis {
            caption,
            from: 0.0,
            to: most * 1.05,
            logarithmic: false,
            ticks: counts.map(|count| (count, count.to_string())).collect(),
        },
        lines,
        marks: Some(Marks::Flight),
    }
}

/// Returns each time at which the number of tasks in flight changed, with the new number.
fn steps(run: &Run) -> Vec<(f64, f64)> {
    let intervals = run.tasks.iter().filter_map(Task::interval);
    let mut changes: Vec<_> = intervals
        .flat_map(|(start, end)| [(start, 1.0), (end, -1.0_f64)])
        .collect();
    // If one task ends when another begins, count the end first.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut steps: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    let mut number = 0.0;
    for (ms, change) in changes {
        number += change;
        match steps.last_mut() {
            Some(last) if last.0 == ms => last.1 = number,
            _ => steps.push((ms, number)),
        }
    }
    steps
}

/// Reduces the steps to the largest number in each interval of the axis. Otherwise the microseconds between two
/// consecutive tasks would be drawn as deep as a real pause.
fn downsample(steps: &[(f64, f64)], longest_ms: f64) -> Vec<(f64, f64)> {
    let interval_ms = longest_ms / INTERVALS as f64;
    let mut steps = steps.iter().peekable();
    let mut downsampled: Vec<(f64, f64)> = Vec::new();
    let mut number = 0.0;
    for interval in 0..INTERVALS {
        let end_ms = (interval + 1) as f64 * interval_ms;
        let mut most: f64 = number;
        while let Some(&(_, next)) = steps.next_if(|(ms, _)| *ms < end_ms) {
            (number, most) = (next, most.max(next));
        }
        if downsampled.last().is_none_or(|(_, last)| *last != most) {
            downsampled.push((interval as f64 * interval_ms, most));
        }
    }
    if downsampled.last().is_some_and(|(_, last)| *last > 0.0) {
        downsampled.push((longest_ms, 0.0));
    }
    downsampled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn tasks_in_flight_rise_and_fall_with_starts_and_ends() {
        let steps_of = |slots| steps(&samples::run("a", slots, 5));
        assert_eq!(
            steps_of(2),
            [(0.0, 2.0), (103.0, 2.0), (206.0, 1.0), (309.0, 0.0)]
        );
        assert_eq!(steps_of(5), [(0.0, 5.0), (103.0, 0.0)]);
    }

    #[test]
    fn gaps_too_short_to_be_visible_are_not_drawn() {
        let mut one_by_one = vec![(0.0, 1.0)];
        for i in 1..10 {
            one_by_one.extend([
                (f64::from(i) * 100.0, 0.0),
                (f64::from(i) * 100.0 + 0.002, 1.0),
            ]);
        }
        one_by_one.push((1000.0, 0.0));
        assert_eq!(downsample(&one_by_one, 1000.0), [(0.0, 1.0), (1000.0, 0.0)]);
        let pause = [(0.0, 1.0), (100.0, 0.0), (200.0, 2.0), (300.0, 0.0)];
        let numbers: Vec<_> = downsample(&pause, 1000.0)
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers, [1.0, 0.0, 2.0, 0.0]);
    }
}
