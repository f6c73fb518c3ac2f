//! Series beside each other, as text for a terminal: two tables that fit into 80 columns, a bar for each series, and the
//! conclusion in words.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::columns::{Column, columns};
use super::numbers::{plural, seconds};
use super::sentences::conclusion_in_words;
use crate::model::{Comparison, Terms};
use crate::statistics::{Difference, Series, differences, series};

/// This many of the columns behind the label tell the outcome of a series; the others what it cost.
const OUTCOME: usize = 7;

/// The width of a terminal, in columns.
const WIDTH: usize = 80;

/// The longest bar, in columns.
const BAR: f64 = 40.0;

/// The least room for the label beside a bar, in columns.
const LABEL: usize = 10;

/// Returns the tables, what the share of the ideal means, the bars and the conclusion, then a line for each outcome of each
/// task that ended differently in some of the runs. Of no run, nothing. Control characters of names and
/// messages are escaped: they cannot control a terminal.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// print!("{}", comparison::table(&sleeps()));
/// ```
pub fn table(comparison: &Comparison) -> String {
    let series = series(comparison);
    let mut lines = Vec::new();
    if !series.is_empty() {
        let tables = series_beside_each_other(&series, comparison.terms);
        lines.extend(tables.lines().map(printable));
    }
    for difference in differences(comparison) {
        lines.extend(outcomes(&difference));
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn series_beside_each_other(series: &[Series], terms: &Terms) -> String {
    let [label, others @ ..] = &columns(terms);
    let (outcome, cost) = others.split_at(OUTCOME);
    let outcome = one_table(series, label, outcome);
    let cost = one_table(series, &unambiguous(label, series), cost);
    let mut text = format!("\n{outcome}\n{cost}\n{}\n", note(terms));
    text += &bars(series);
    for series in series.iter().filter(|series| series.not_attempted > 0) {
        let Series { label, slots, .. } = series;
        let _ = writeln!(
            text,
            "\n{label} {slots}: {} not attempted",
            series.not_attempted
        );
    }
    if let Some(sentence) = conclusion_in_words(series, terms) {
        let _ = writeln!(text, "\n{sentence}");
    }
    text
}

/// Returns a line for each outcome of a task.
fn outcomes(difference: &Difference) -> impl Iterator<Item = String> {
    let name = &difference.name;
    let outcomes = difference.outcomes.iter();
    outcomes.map(move |(outcome, labels)| {
        let labels = labels.join(", ");
        printable(&format!("*** {name} differs: {outcome} ({labels})"))
    })
}

fn printable(text: &str) -> String {
    let mut printable = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => printable.extend(c.escape_default()),
            c => printable.push(c),
        }
    }
    printable
}

/// Returns some of the columns behind the label of a series: all of them would not fit.
fn one_table(series: &[Series], label: &Column, columns: &[Column]) -> String {
    let columns: Vec<_> = std::iter::once(label).chain(columns).collect();
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| head(column)));
    for series in series {
        let cells = columns.iter().map(|column| (column.cell)(series));
        table.add_row(cells.map(|cell| cell.replace(" / ", "/")));
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

/// Returns the column of the label for a table without a column of the slots: these are part of the label if it occurs twice.
fn unambiguous(label: &Column, series: &[Series]) -> Column {
    let mut labels: Vec<_> = series.iter().map(|series| &series.label).collect();
    labels.sort_unstable();
    let cell = match labels.windows(2).any(|pair| pair[0] == pair[1]) {
        true => |series: &Series| format!("{} {}", series.label, series.slots),
        false => label.cell,
    };
    Column {
        cell,
        ..label.clone()
    }
}

/// Returns the two lines of a head: the name, and the unit.
fn head(column: &Column) -> String {
    format!("{}\n{}", column.name, column.unit.replace(" / ", "/"))
}

/// Explains the columns, in lines that fit into the terminal.
fn note(terms: &Terms) -> String {
    let (task, tasks, slots) = (terms.task, plural(terms.task), plural(terms.slot));
    let latency =
        format!("speed-up: over the slowest. latency: of each {task}, without its queueing.");
    let ideal = format!(
        "of ideal: the lower bound on any schedule of these {tasks}, at the latencies that they had, over what it took. It is \
         the longest of them, or all of them over the {slots}, whichever is longer."
    );
    wrapped(&latency) + &wrapped(&ideal)
}

fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let letters = word.chars().count();
        if width > 0 {
            let fits = width + 1 + letters <= WIDTH;
            wrapped.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        wrapped += word;
        width += letters;
    }
    wrapped + "\n"
}

/// Returns the elapsed times as bars, the longest as long as there is room.
fn bars(series: &[Series]) -> String {
    let medians = series.iter().map(|series| series.elapsed_ms.median);
    let slowest = medians.fold(f64::MIN_POSITIVE, f64::max);
    let letters = series.iter().map(|series| series.label.chars().count());
    let width = letters.fold(LABEL, usize::max);
    let mut text = String::new();
    for series in series {
        let Series { label, slots, .. } = series;
        let median = series.elapsed_ms.median;
        let bar = bar(BAR * median / slowest);
        let _ = writeln!(
            text,
            "{label:width$} {slots:>4}  {bar} {} s",
            seconds(median)
        );
    }
    text
}

/// Returns a bar of this many columns, to an eighth of one; never an empty one.
fn bar(columns: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = ((columns * 8.0).round() as usize).max(1);
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn lines_are_as_long_as_a_terminal_is_wide() {
        let text = wrapped(&["words"; 30].join(" "));
        let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [77, 77, 23], "{text}");
        assert_eq!(wrapped(&"a".repeat(80)).lines().count(), 1);
    }

    #[test]
    fn a_bar_is_to_an_eighth_and_never_empty() {
        assert_eq!([2.0, 1.5, 0.01].map(bar), ["██", "█▌", "▏"]);
    }

    #[test]
    fn a_long_label_moves_all_bars() {
        let runs = ["sequential", "much longer label"].map(|label| samples::run(label, 1, 1));
        let text = bars(&series(&samples::of(runs.to_vec())));
        let before: Vec<_> = text.lines().map(|line| line.find('█').unwrap()).collect();
        assert_eq!(before[0], before[1], "{text}");
    }

    #[test]
    fn differences_are_printable_lines_below_the_tables() {
        let mut comparison = samples::comparison(2);
        samples::fail(&mut comparison.runs[1].tasks[1], "late");
        let text = table(&comparison);
        let (_, lines) = text.split_once("\n*** ").unwrap();
        assert_eq!(
            lines,
            "AB differs: late (semaphore)\n*** AB differs: ok (sequential)\n"
        );
        samples::fail(&mut comparison.runs[1].tasks[1], "\u{1b}[2J\r\nDrapeau é");
        let text = table(&comparison);
        assert!(
            text.contains("differs: \\u{1b}[2J\\r\\nDrapeau é (semaphore)\n"),
            "{text}"
        );
        comparison.runs.clear();
        assert_eq!(table(&comparison), "");
    }
}
