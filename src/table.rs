//! Series of runs side by side, as text for a terminal: two tables that fit into 80 columns, a bar for each series, and what
//! it comes to in words. Numbers in, text out.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::summary::{Difference, Percentiles, Series, Spread, gain};

/// The longest bar, in columns.
const BAR: f64 = 40.0;

const NOTE: &str = "\
latency: p50/p95/max of what each download took, without its queueing
of ideal: the lower bound on any schedule, over what it took. That bound is the
longest download, or all of them over the connections, whichever is longer.
";

/// The tables, what their share of the ideal means, the bars, and the gain.
pub fn comparison(series: &[Series]) -> String {
    let mut text = format!(
        "\n{}\n{}\n{NOTE}\n",
        lines(&outcomes(series)),
        lines(&costs(series))
    );
    text += &bars(series);
    if let Some(gain) = gain(series) {
        let at = |series: &Series| match gain.fastest.strategy == gain.slowest.strategy {
            true => format!("{} at {}", series.strategy, series.connections),
            false => series.strategy.clone(),
        };
        let _ = writeln!(
            text,
            "\n{} was {:.1} times faster than {} (at most {:.1} possible)",
            at(gain.fastest),
            gain.times,
            at(gain.slowest),
            gain.possible
        );
    }
    text
}

/// Codes that ended differently under different strategies, a line for each verdict.
pub fn differences(differences: &[Difference]) -> String {
    let mut text = String::new();
    for difference in differences {
        for (verdict, strategies) in &difference.verdicts {
            let _ = writeln!(
                text,
                "*** {} differs: {verdict} ({})",
                difference.code,
                strategies.join(", ")
            );
        }
    }
    text
}

/// What came of it, and how fast.
fn outcomes(series: &[Series]) -> Table {
    let heads = [
        "strategy",
        "connections",
        "ok",
        "not found",
        "error",
        "elapsed",
        "speed-up",
        "of ideal",
    ];
    table(&heads, series, |series| {
        vec![
            series.ok.to_string(),
            series.not_found.to_string(),
            series.error.to_string(),
            elapsed(&series.elapsed_ms),
            format!("{:.1}", series.speed_up),
            format!("{:.1} %", 100.0 * series.of_ideal),
        ]
    })
}

/// What each download, the machine and the server had of it.
fn costs(series: &[Series]) -> Table {
    let heads = [
        "strategy",
        "connections",
        "latency, ms",
        "queue, ms",
        "CPU",
        "memory",
        "in flight",
    ];
    table(&heads, series, |series| {
        vec![
            percentiles(&series.latency_ms),
            percentiles(&series.queue_ms),
            series.cpu_ms.map_or_else(unknown, seconds),
            series
                .peak_memory
                .map_or_else(unknown, |bytes| format!("{} MB", bytes.div_ceil(1_000_000))),
            series
                .peak_in_flight
                .map_or_else(unknown, |most| most.to_string()),
        ]
    })
}

/// A table with a row for each series, which begins with its name and its limit.
fn table(heads: &[&str], series: &[Series], cells: impl Fn(&Series) -> Vec<String>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(heads);
    for series in series {
        let named = [series.strategy.clone(), series.connections.to_string()];
        table.add_row(named.into_iter().chain(cells(series)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A table without the spaces that fill up its last column.
fn lines(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// The elapsed times as bars, the slowest as long as there is room.
fn bars(series: &[Series]) -> String {
    let medians = || series.iter().map(|series| series.elapsed_ms.median);
    let slowest = medians().fold(f64::MIN_POSITIVE, f64::max);
    let mut text = String::new();
    for series in series {
        let median = series.elapsed_ms.median;
        let bar = bar(BAR * median / slowest);
        let (strategy, connections) = (&series.strategy, series.connections);
        let _ = writeln!(
            text,
            "{strategy:10} {connections:>4}  {bar} {}",
            seconds(median)
        );
    }
    text
}

/// A bar of so many columns, to an eighth of one; never nothing.
fn bar(columns: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = ((columns * 8.0).round() as usize).max(1);
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

fn elapsed(spread: &Spread) -> String {
    if spread.min == spread.max {
        return seconds(spread.median);
    }
    format!(
        "{} ({:.2}..{:.2})",
        seconds(spread.median),
        spread.min / 1000.0,
        spread.max / 1000.0
    )
}

fn percentiles(of: &Percentiles) -> String {
    format!("{}/{}/{}", short(of.p50), short(of.p95), short(of.max))
}

/// Milliseconds with as many digits as say something.
fn short(ms: f64) -> String {
    if ms < 9.95 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

fn seconds(ms: f64) -> String {
    format!("{:.2} s", ms / 1000.0)
}

fn unknown() -> String {
    "-".to_owned()
}
