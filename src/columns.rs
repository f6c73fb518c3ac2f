//! The columns of a table of series, and what is in them: the same in a terminal, on a page and in a document.

use crate::summary::{self, Gain, Percentiles, Series, Verdict};

/// A column of the table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its numbers are, and what they are counted in; of words and counts, nothing.
    pub unit: &'static str,
    /// What is in it for a series.
    pub cell: fn(&Series) -> String,
}

/// What is not known.
const UNKNOWN: &str = "-";

/// All columns; the first is a word, all others are numbers.
pub const COLUMNS: [Column; 13] = [
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

/// Seconds, to the hundredth; what is shorter has as many digits as say something.
pub fn seconds(ms: f64) -> String {
    let decimals = match ms {
        ms if ms < 10.0 => 5,
        ms if ms < 100.0 => 4,
        ms if ms < 1000.0 => 3,
        _ => 2,
    };
    format!("{:.decimals$}", ms / 1000.0)
}

/// Milliseconds: three digits or so are all that a measurement is good for.
pub fn millis(ms: f64) -> String {
    let decimals = match ms {
        ms if ms < 10.0 => 2,
        ms if ms < 100.0 => 1,
        _ => 0,
    };
    format!("{ms:.decimals$}")
}

/// What series come to beside each other, in a sentence.
pub fn verdict(series: &[Series]) -> Option<String> {
    let name = |of: &Series| {
        let alike = series.iter().filter(|other| other.strategy == of.strategy);
        match (alike.count(), of.connections) {
            (1, _) => of.strategy.clone(),
            (_, 1) => format!("{} with 1 connection", of.strategy),
            (_, connections) => format!("{} with {connections} connections", of.strategy),
        }
    };
    Some(match summary::verdict(series)? {
        Verdict::Different => "The outcomes differ, so the times say nothing.".to_owned(),
        Verdict::Nothing => "Every code failed, so the times say nothing.".to_owned(),
        Verdict::Close(Gain {
            fastest, slowest, ..
        }) => format!(
            "{} and {}, the fastest and the slowest, are too close to call.",
            name(fastest),
            name(slowest)
        ),
        Verdict::Faster(Gain {
            fastest,
            slowest,
            times,
            possible,
        }) => format!(
            "{} was {times:.1} times faster than {} (at most {possible:.1} possible).",
            name(fastest),
            name(slowest)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

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

    #[test]
    fn numbers_have_the_digits_that_count() {
        assert_eq!([503.4, 50.34, 5.034].map(millis), ["503", "50.3", "5.03"]);
        assert_eq!([13_052.0, 503.0].map(seconds), ["13.05", "0.503"]);
    }
}
