//! How many tasks were in flight at each moment.

use super::axis::{TimeUnit, ticks};
use super::lines::{Axis, Chart, Line, Shape, line_class};
use crate::model::{Run, Task, Terms};
use crate::text::{capitalized, plural, series_title};

/// This many moments can be distinguished in a chart.
const MOMENTS: usize = 800;

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
        points: thinned(&steps(run), longest_ms),
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
        description: format!("{} over time, a line for each run", capitalized(&caption)),
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
    }
}

/// Returns each moment at which the number changed, with the number from then on.
fn steps(run: &Run) -> Vec<(f64, f64)> {
    let intervals = run.tasks.iter().filter_map(Task::interval);
    let mut changes: Vec<_> = intervals
        .flat_map(|(start, end)| [(start, 1.0), (end, -1.0_f64)])
        .collect();
    // One that ends as another begins makes room for it first.
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

/// Returns the most in each moment: from one task to the next, microseconds go by that would be drawn as deep as any pause.
fn thinned(steps: &[(f64, f64)], longest_ms: f64) -> Vec<(f64, f64)> {
    let moment_ms = longest_ms / MOMENTS as f64;
    let mut steps = steps.iter().peekable();
    let mut thinned: Vec<(f64, f64)> = Vec::new();
    let mut number = 0.0;
    for moment in 0..MOMENTS {
        let end_ms = (moment + 1) as f64 * moment_ms;
        let mut most: f64 = number;
        while let Some(&(_, next)) = steps.next_if(|(ms, _)| *ms < end_ms) {
            (number, most) = (next, most.max(next));
        }
        if thinned.last().is_none_or(|(_, last)| *last != most) {
            thinned.push((moment as f64 * moment_ms, most));
        }
    }
    if thinned.last().is_some_and(|(_, last)| *last > 0.0) {
        thinned.push((longest_ms, 0.0));
    }
    thinned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_number_goes_up_and_down_again() {
        let steps_of = |slots| steps(&samples::run("a", slots, 5));
        assert_eq!(
            steps_of(2),
            [(0.0, 2.0), (103.0, 2.0), (206.0, 1.0), (309.0, 0.0)]
        );
        assert_eq!(steps_of(5), [(0.0, 5.0), (103.0, 0.0)]);
    }

    #[test]
    fn changes_that_cannot_be_seen_are_not_drawn() {
        let mut one_by_one = vec![(0.0, 1.0)];
        for i in 1..10 {
            one_by_one.extend([
                (f64::from(i) * 100.0, 0.0),
                (f64::from(i) * 100.0 + 0.002, 1.0),
            ]);
        }
        one_by_one.push((1000.0, 0.0));
        assert_eq!(thinned(&one_by_one, 1000.0), [(0.0, 1.0), (1000.0, 0.0)]);
        let pause = [(0.0, 1.0), (100.0, 0.0), (200.0, 2.0), (300.0, 0.0)];
        let numbers: Vec<_> = thinned(&pause, 1000.0)
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers, [1.0, 0.0, 2.0, 0.0]);
    }
}
