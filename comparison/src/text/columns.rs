//! The columns of a table of series. Terminal, page and Markdown all use them.

use super::numbers::{ends, mebibytes, millis, plural, seconds};
use crate::model::Terms;
use crate::statistics::{Percentiles, Series, Spread};

/// A column of the table.
#[derive(Debug, Clone)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// The meaning of the numbers and their unit; empty for words and counts.
    pub unit: &'static str,
    /// Formats the cell of a series.
    pub cell: fn(&Series) -> String,
}

const NOT_FOUND: &str = "not found";
/// The column of the elapsed times. A terminal shows their spread beside the bars.
pub(super) const ELAPSED: &str = "elapsed";
const SPEED_UP: &str = "speed-up";
/// The column of the intervals, which a terminal shows beside the bars.
pub(super) const INTERVAL: &str = "interval";
/// The first column that is about single tasks and costs. Those before it are about outcomes and speed.
pub(super) const LATENCY: &str = "latency";

/// The cell for an unknown value.
const UNKNOWN: &str = "-";

/// Returns the columns for what these terms can show. The first holds the label; the others hold numbers.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// use comparison::{columns, series};
///
/// let comparison = sleeps();
/// let (columns, series) = (columns(comparison.terms), series(&comparison));
/// assert_eq!((&*columns[1].name, (columns[1].cell)(&series[1])), ("threads", "3".to_owned()));
/// assert_eq!((&*columns[5].name, columns[5].unit), ("elapsed", "s"));
/// ```
pub fn columns(terms: &Terms) -> Vec<Column> {
    let mut columns = vec![
        column(terms.series, "", |series| series.label.clone()),
        column(&plural(terms.slot), "", |series| series.slots.to_string()),
        column("ok", "", |series| series.ok.to_string()),
        column(NOT_FOUND, "", |series| series.not_found.to_string()),
        column("error", "", |series| series.error.to_string()),
        column(ELAPSED, "s", elapsed),
        column(SPEED_UP, "times", |series| {
            series
                .speed_up
                .map_or_else(unknown, |times| format!("{times:.1}"))
        }),
        column(INTERVAL, "99 %, times", |series| {
            series
                .speed_up_interval
                .map_or_else(unknown, |interval| ends(&interval))
        }),
        column("of ideal", "%", |series| {
            format!("{:.1}", series.of_ideal * 100.0)
        }),
        column(LATENCY, "p50 / p95 / max, ms", |series| {
            percentiles(series.latency_ms)
        }),
        column("queue", "p50 / p95 / max, ms", |series| {
            percentiles(series.queue_ms)
        }),
        column("CPU time", "ms", |series| {
            series.cpu_ms.map_or_else(unknown, millis)
        }),
        column("peak memory", "MiB", |series| {
            series.peak_memory.map_or_else(unknown, mebibytes)
        }),
    ];
    columns.retain(|column| terms.not_found || column.name != NOT_FOUND);
    if let Some(peak) = &terms.peak_in_flight {
        columns.push(column(peak.column, "peak", |series| {
            let peak = series.peak_in_flight;
            peak.map_or_else(unknown, |number| number.to_string())
        }));
    }
    columns
}

impl Column {
    /// Returns the heading with its unit on one line.
    pub(crate) fn full_name(&self) -> String {
        let comma = if self.unit.is_empty() { "" } else { ", " };
        format!("{}{comma}{}", self.name, self.unit)
    }
}

/// Returns the columns that say something about these series: a single one is not compared, and few rounds have no
/// intervals.
pub(crate) fn columns_for(series: &[Series], terms: &Terms) -> Vec<Column> {
    let mut columns = columns(terms);
    columns.retain(|column| match &*column.name {
        SPEED_UP => series.len() > 1,
        INTERVAL => series.iter().any(|of| of.speed_up_interval.is_some()),
        _ => true,
    });
    columns
}

fn column(name: &str, unit: &'static str, cell: fn(&Series) -> String) -> Column {
    let name = name.to_owned();
    Column { name, unit, cell }
}

/// Formats the median and, for several rounds, the minimum and the maximum.
fn elapsed(series: &Series) -> String {
    let median = seconds(series.elapsed_ms.median);
    match spread(series) {
        Some(spread) => format!("{median} ({spread})"),
        None => median,
    }
}

/// Formats the minimum and the maximum of several rounds, in seconds.
pub(crate) fn spread(series: &Series) -> Option<String> {
    let Spread { min, max, .. } = series.elapsed_ms;
    (series.rounds > 1).then(|| format!("{}..{}", seconds(min), seconds(max)))
}

fn percentiles(of: Percentiles) -> String {
    [of.p50, of.p95, of.max].map(millis).join(" / ")
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, TERMS};
    use crate::statistics::series;

    fn cells(series: &Series) -> Vec<String> {
        let columns = columns(&TERMS);
        columns.iter().map(|column| (column.cell)(series)).collect()
    }

    #[test]
    fn an_unknown_value_is_a_dash() {
        let series = series(&samples::comparison(26));
        let expected = [
            "sequential",
            "1",
            "26",
            "0",
            "0",
            "2.68",
            "1.0",
            "-",
            "100.0",
            "103 / 103 / 103",
            "1236 / 2472 / 2575",
            "-",
            "-",
            "-",
        ];
        assert_eq!(cells(&series[0]), expected);
    }

    #[test]
    fn what_the_terms_cannot_show_has_no_column() {
        let terms = Terms {
            not_found: false,
            peak_in_flight: None,
            ..TERMS
        };
        let names: Vec<_> = columns(&terms)
            .into_iter()
            .map(|column| column.name)
            .collect();
        assert_eq!(names.len(), columns(&TERMS).len() - 2);
        assert!(
            !names
                .iter()
                .any(|name| name == NOT_FOUND || name == "at server")
        );
    }

    #[test]
    fn several_rounds_have_a_minimum_and_a_maximum() {
        let mut runs = vec![samples::run("semaphore", 5, 10); 3];
        runs[0].elapsed_ms = 1000.0;
        runs[1].elapsed_ms = 3000.0;
        runs[2].elapsed_ms = 2000.0;
        let series = series(&samples::comparison_of(runs));
        assert_eq!(cells(&series[0])[5], "2.00 (1.00..3.00)");
    }
}
