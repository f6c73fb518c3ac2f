//! The table of the series: its columns, and what is in them.

use crate::export::wording::{millis, seconds};
use crate::summary::{Percentiles, Series};

/// A column of the table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// What its numbers are, and what they are counted in; of words and counts, nothing.
    pub(super) unit: &'static str,
    pub(super) cell: fn(&Series) -> String,
}

/// What is not known.
const UNKNOWN: &str = "-";

/// All columns; the first is a word, all others are numbers.
pub(super) const COLUMNS: [Column; 13] = [
    column("strategy", "", |series| series.strategy.clone()),
    column("connections", "", |series| series.connections.to_string()),
    column("ok", "", |series| series.ok.to_string()),
    column("not found", "", |series| series.not_found.to_string()),
    column("error", "", |series| series.error.to_string()),
    column("elapsed", "s", elapsed),
    column("speed-up", "times", |series| {
        format!("{:.1}", series.speed_up)
    }),
    column("of ideal", "%", |series| {
        format!("{:.1}", series.of_ideal * 100.0)
    }),
    column("latency", "p50 / p95 / max, ms", |series| {
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
    column("in flight", "peak", |series| {
        series
            .peak_in_flight
            .map_or_else(unknown, |number| number.to_string())
    }),
];

const fn column(name: &'static str, unit: &'static str, cell: fn(&Series) -> String) -> Column {
    Column { name, unit, cell }
}

/// The median, and of several rounds the least and the most.
fn elapsed(series: &Series) -> String {
    let spread = series.elapsed_ms;
    let median = seconds(spread.median);
    if series.rounds == 1 {
        return median;
    }
    format!(
        "{median} ({}..{})",
        seconds(spread.min),
        seconds(spread.max)
    )
}

fn percentiles(of: Percentiles) -> String {
    [of.p50, of.p95, of.max].map(millis).join(" / ")
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::samples;
    use crate::summary;

    fn cells(series: &Series) -> Vec<String> {
        COLUMNS.iter().map(|column| (column.cell)(series)).collect()
    }

    #[test]
    fn what_is_unknown_is_a_dash() {
        let series = summary::series(&samples::results(26).runs);
        let expected = [
            "sequential",
            "1",
            "26",
            "0",
            "0",
            "2.68",
            "1.0",
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
    fn several_rounds_have_a_least_and_a_most() {
        let mut runs = vec![samples::run("semaphore", 5, 10); 3];
        runs[0].totals.elapsed_ms = 1000.0;
        runs[1].totals.elapsed_ms = 3000.0;
        runs[2].totals.elapsed_ms = 2000.0;
        assert_eq!(cells(&summary::series(&runs)[0])[5], "2.00 (1.00..3.00)");
    }
}
