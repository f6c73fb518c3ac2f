//! The chart of elapsed time by number of slots, for labels that have runs with different numbers of slots.

use std::collections::BTreeSet;

use super::axis::{TimeUnit, logarithmic_ticks};
use super::lines::{Axis, Chart, Line, Shape, line_class};
use crate::model::Terms;
use crate::statistics::Series;
use crate::text::plural;

/// Returns the chart, or `None` if each label has only one number of slots.
pub(crate) fn scaling(series: &[Series], terms: &Terms) -> Option<Chart> {
    let mut lines = Vec::new();
    for one in series {
        if !lines.iter().any(|line: &Line| line.name == one.label) {
            lines.push(Line {
                name: one.label.clone(),
                class: line_class(lines.len()),
                points: points(series, &one.label),
                shape: Shape::Marked,
            });
        }
    }
    if lines.iter().all(|line| line.points.len() == 1) {
        return None;
    }
    lines.push(ideal(series));
    let points = || lines.iter().flat_map(|line| &line.points);
    let all_slots: BTreeSet<_> = series.iter().map(|one| one.slots).collect();
    let most = points().map(|point| point.0).fold(1.0, f64::max);
    let longest_ms = points().map(|point| point.1).fold(0.001, f64::max);
    let shortest_ms = points()
        .map(|point| point.1)
        .fold(longest_ms, f64::min)
        .max(0.001);
    let (from, to) = (shortest_ms / 1.3, longest_ms * 1.3);
    let unit = TimeUnit::fitting(longest_ms);
    Some(Chart {
        description: format!(
            "Elapsed time by number of {}, one line per {}, and the ideal",
            plural(terms.slot),
            terms.series
        ),
        x: Axis {
            caption: format!("{}; logarithmic", plural(terms.slot)),
            from: 0.9,
            to: most * 1.1,
            logarithmic: true,
            ticks: all_slots
                .into_iter()
                .map(|slots| (slots as f64, slots.to_string()))
                .collect(),
        },
        y: Axis {
            caption: format!("elapsed, {}; logarithmic", unit.name),
            from,
            to,
            logarithmic: true,
            ticks: unit.ticks(logarithmic_ticks(from, to)),
        },
        lines,
        marks: None,
    })
}

/// Returns the median elapsed times of a label by number of slots.
fn points(series: &[Series], label: &str) -> Vec<(f64, f64)> {
    let of_label = series.iter().filter(|one| one.label == label);
    let mut points: Vec<_> = of_label
        .map(|one| (one.slots as f64, one.elapsed_ms.median))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// Returns the smallest ideal time at each number of slots. No series can be below this line.
fn ideal(series: &[Series]) -> Line {
    let all_slots: BTreeSet<_> = series.iter().map(|one| one.slots).collect();
    let point = |slots: usize| {
        let at_slots = series.iter().filter(|one| one.slots == slots);
        (
            slots as f64,
            at_slots
                .map(|one| one.ideal_ms)
                .fold(f64::INFINITY, f64::min),
        )
    };
    Line {
        name: "ideal".to_owned(),
        class: "line ideal".to_owned(),
        points: all_slots.into_iter().map(point).collect(),
        shape: Shape::Straight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};
    use crate::statistics::series;

    #[test]
    fn each_label_has_a_line_and_so_has_the_ideal() {
        let runs = [("threadpool", 10), ("threadpool", 1), ("semaphore", 5)]
            .map(|(label, slots)| samples::run(label, slots, 10));
        let chart = scaling(&series(&samples::comparison_of(runs.to_vec())), &TERMS).unwrap();
        let lines: Vec<_> = chart
            .lines
            .iter()
            .map(|line| (line.name.as_str(), line.points.as_slice()))
            .collect();
        assert_eq!(
            lines,
            [
                ("threadpool", &[(1.0, 1030.0), (10.0, 103.0)][..]),
                ("semaphore", &[(5.0, 206.0)]),
                ("ideal", &[(1.0, 1030.0), (5.0, 206.0), (10.0, 103.0)]),
            ]
        );
    }

    #[test]
    fn nothing_is_drawn_if_each_label_has_one_number_of_slots() {
        assert!(scaling(&series(&samples::comparison(10)), &TERMS).is_none());
    }
}
