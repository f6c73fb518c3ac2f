//! Series of runs side by side, as text for a terminal: two tables that fit into 80 columns, a bar for each series, and what
//! it comes to in words. Numbers in, text out.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::columns::{COLUMNS, Column, seconds, verdict};
use crate::summary::{Difference, Series};

/// So many of the columns behind the name say what came of a series; the others what it took.
const OUTCOME: usize = 7;

/// The longest bar, in columns.
const BAR: f64 = 40.0;

const NOTE: &str = "\
speed-up: over the slowest. latency: of each download, without its queueing.
of ideal: the lower bound on any schedule of these downloads, at the latencies
that they had, over what it took. It is the longest of them, or all of them over
the connections, whichever is longer.
";

/// The tables, what their share of the ideal means, the bars, and the gain.
pub fn comparison(series: &[Series]) -> String {
    let (outcome, cost) = COLUMNS[1..].split_at(OUTCOME);
    let outcome = table(series, COLUMNS[0], outcome);
    let cost = table(series, name(series), cost);
    let mut text = format!("\n{outcome}\n{cost}\n{NOTE}\n");
    text += &bars(series);
    for series in series.iter().filter(|series| series.not_attempted > 0) {
        let (strategy, connections) = (&series.strategy, series.connections);
        let _ = writeln!(
            text,
            "\n{strategy} {connections}: {} not attempted",
            series.not_attempted
        );
    }
    if let Some(verdict) = verdict(series) {
        let _ = writeln!(text, "\n{verdict}");
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

/// Some of the columns, since all of them would not fit, behind what a series is called.
fn table(series: &[Series], name: Column, columns: &[Column]) -> String {
    let columns: Vec<_> = std::iter::once(&name).chain(columns).collect();
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| head(column)));
    for series in series {
        table.add_row(
            columns
                .iter()
                .map(|column| (column.cell)(series).replace(" / ", "/")),
        );
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // Without the spaces that fill up the last column.
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.map(|line| line + "\n").collect()
}

/// What a series is called where there is no column for its connections: they are part of its name if they tell it from
/// another.
fn name(series: &[Series]) -> Column {
    let mut strategies: Vec<_> = series.iter().map(|series| &series.strategy).collect();
    strategies.sort_unstable();
    let cell = match strategies.windows(2).any(|pair| pair[0] == pair[1]) {
        true => |series: &Series| format!("{} {}", series.strategy, series.connections),
        false => COLUMNS[0].cell,
    };
    Column { cell, ..COLUMNS[0] }
}

/// Two lines: what it is, and what it is counted in.
fn head(column: &Column) -> String {
    format!("{}\n{}", column.name, column.unit.replace(" / ", "/"))
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
            "{strategy:10} {connections:>4}  {bar} {} s",
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
