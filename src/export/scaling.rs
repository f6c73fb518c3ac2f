//! How elapsed time depends on connections, where that was tried: one strategy at several limits.

use std::collections::BTreeSet;

use crate::export::axis::{TimeUnit, logarithmic_ticks};
use crate::export::chart::{Axis, Chart, Line, Shape, line_class};
use crate::summary::Series;

/// The chart, if any strategy ran at more than one limit.
pub(super) fn chart(series: &[Series]) -> Option<Chart> {
    let mut lines = Vec::new();
    for one in series {
        if !lines.iter().any(|line: &Line| line.name == one.strategy) {
            lines.push(Line {
                name: one.strategy.clone(),
                class: line_class(lines.len()),
                points: points(series, &one.strategy),
                shape: Shape::Marked,
            });
        }
    }
    if lines.iter().all(|line| line.points.len() == 1) {
        return None;
    }
    lines.push(ideal(series));
    let points = || lines.iter().flat_map(|line| &line.points);
    let limits: BTreeSet<_> = series.iter().map(|one| one.connections).collect();
    let most = points().map(|point| point.0).fold(1.0, f64::max);
    let longest_ms = points().map(|point| point.1).fold(0.001, f64::max);
    let shortest_ms = points()
        .map(|point| point.1)
        .fold(longest_ms, f64::min)
        .max(0.001);
    let (from, to) = (shortest_ms / 1.3, longest_ms * 1.3);
    let unit = TimeUnit::fitting(longest_ms);
    Some(Chart {
        description:
            "Elapsed time at each number of connections, a line for each strategy, and the ideal"
                .to_owned(),
        x: Axis {
            caption: "connections; logarithmic".to_owned(),
            from: 0.9,
            to: most * 1.1,
            logarithmic: true,
            ticks: limits
                .into_iter()
                .map(|limit| (limit as f64, limit.to_string()))
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
    })
}

/// The medians of a strategy by its limits.
fn points(series: &[Series], strategy: &str) -> Vec<(f64, f64)> {
    let of_strategy = series.iter().filter(|one| one.strategy == strategy);
    let mut points: Vec<_> = of_strategy
        .map(|one| (one.connections as f64, one.elapsed_ms.median))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// At each limit the least of the ideals: no strategy can be below it.
fn ideal(series: &[Series]) -> Line {
    let limits: BTreeSet<_> = series.iter().map(|one| one.connections).collect();
    let point = |limit: usize| {
        let there = series.iter().filter(|one| one.connections == limit);
        (
            limit as f64,
            there.map(|one| one.ideal_ms).fold(f64::INFINITY, f64::min),
        )
    };
    Line {
        name: "ideal".to_owned(),
        class: "line ideal".to_owned(),
        points: limits.into_iter().map(point).collect(),
        shape: Shape::Straight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;
    use crate::summary;

    #[test]
    fn a_line_for_each_strategy_and_one_for_the_ideal() {
        let runs = [("threadpool", 10), ("threadpool", 1), ("semaphore", 5)]
            .map(|(strategy, connections)| samples::run(strategy, connections, 10));
        let chart = chart(&summary::series(&runs)).unwrap();
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
    fn one_limit_each_is_no_dependence() {
        assert!(chart(&summary::series(&samples::results(10).runs)).is_none());
    }
}
