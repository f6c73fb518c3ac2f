//! The series as text for a terminal: two tables that fit into 80 columns, a bar for each series, and the conclusion.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use safe_text::visible;

use super::columns::{Column, ELAPSED, INTERVAL, LATENCY, columns, spread};
use super::numbers::{ends, plural, seconds};
use super::sentences::{conclusion_in_words, outliers_in_words, peak};
use super::wrap::wrap_to;
use crate::model::{Comparison, Terms};
use crate::statistics::{Difference, Series, differences, series};

/// The width of a terminal, in columns.
const WIDTH: usize = 80;

/// The length of the longest bar, in columns.
const MAX_BAR: f64 = 40.0;

/// The length of the longest bar beside the spread of several rounds, in columns.
const MAX_BAR_WITH_SPREAD: f64 = 20.0;

/// The most names of tasks in one line.
const MAX_NAMES: usize = 10;

/// The minimum width of the labels beside the bars, in columns.
const MIN_LABEL: usize = 10;

/// Returns the tables, an explanation of their columns, the bars and the conclusion, then the outcomes of each task
/// whose outcomes differ between runs, one per line. Returns an empty text if there are no runs. Control and
/// format characters in names and messages are escaped, so that they can neither control the terminal nor reorder a line.
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
        let tables = tables_and_conclusion(&series, comparison.terms);
        lines.extend(tables.lines().map(visible));
    }
    lines.extend(difference_lines(&differences(comparison)));
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn tables_and_conclusion(series: &[Series], terms: &Terms) -> String {
    let mut columns = columns(terms);
    columns.retain(|column| column.name != INTERVAL);
    for column in columns.iter_mut().filter(|column| column.name == ELAPSED) {
        column.cell = |series| seconds(series.elapsed_ms.median);
    }
    let (label, others) = columns.split_first().expect("a column of labels");
    let first_cost = others.iter().position(|column| column.name == LATENCY);
    let (outcome, cost) = others.split_at(first_cost.unwrap_or(others.len()));
    let outcome = format_table(series, label, outcome);
    let cost = format_table(series, &unambiguous_label(label, series), cost);
    let mut text = format!("\n{outcome}\n{cost}\n{}\n", explanation(series, terms));
    text += &bars(series);
    for series in series.iter().filter(|series| series.not_attempted > 0) {
        let Series { label, slots, .. } = series;
        let _ = writeln!(
            text,
            "\n{label} {slots}: {} not attempted",
            series.not_attempted
        );
    }
    let outliers = outliers_in_words(series, terms);
    for sentence in conclusion_in_words(series, terms).iter().chain(&outliers) {
        let _ = writeln!(text, "\n{sentence}");
    }
    text
}

/// Returns the tasks whose outcomes differ, one line for each outcome. Tasks with the same outcomes share their lines.
fn difference_lines(differences: &[Difference]) -> Vec<String> {
    let mut groups = Vec::<(&Difference, Vec<&str>)>::new();
    for difference in differences {
        let mut alike = groups.iter_mut();
        match alike.find(|(first, _)| first.outcomes == difference.outcomes) {
            Some((_, names)) => names.push(&difference.name),
            None => groups.push((difference, vec![&difference.name])),
        }
    }
    let lines = groups.iter().flat_map(|(first, names)| {
        let names = named(names);
        first.outcomes.iter().map(move |(outcome, labels)| {
            let labels = labels.join(", ");
            visible(&format!("*** {names}: {outcome} ({labels})"))
        })
    });
    lines.collect()
}

/// Returns the first names of a group, and says that the outcomes of each differ.
fn named(names: &[&str]) -> String {
    match names {
        [only] => format!("{only} differs"),
        _ if names.len() <= MAX_NAMES => format!("{} differ", names.join(", ")),
        _ => {
            let (first, others) = names.split_at(MAX_NAMES - 1);
            format!("{} and {} others differ", first.join(", "), others.len())
        }
    }
}

/// Formats a table of the label and these columns. All columns in one table would be too wide.
fn format_table(series: &[Series], label: &Column, columns: &[Column]) -> String {
    let columns: Vec<_> = std::iter::once(label).chain(columns).collect();
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| heading(column)));
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
    // The table pads the last column with spaces.
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.map(|line| line + "\n").collect()
}

/// Returns the label column of the second table. That table does not show slots, so if two series share a label, every
/// label includes its slots.
fn unambiguous_label(label: &Column, series: &[Series]) -> Column {
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

/// Returns the two lines of a heading: name and unit.
fn heading(column: &Column) -> String {
    format!("{}\n{}", column.name, column.unit.replace(" / ", "/"))
}

/// Explains the columns, wrapped to the width of the terminal.
fn explanation(series: &[Series], terms: &Terms) -> String {
    let (task, tasks) = (terms.task, plural(terms.task));
    let (slot, slots) = (terms.slot, plural(terms.slot));
    let latency =
        format!("speed-up: over the slowest. latency: of each {task}, without its queueing.");
    let ideal = format!(
        "of ideal: the ideal time divided by the elapsed time. The ideal is a lower bound on any schedule of these \
         {tasks} with these latencies: the longest one with its pauses, their sum divided by the number of {slots}, or those that \
         must share a {slot}, whichever is longest."
    );
    let mut text = wrap(&latency) + &wrap(&ideal);
    text += &peak(terms).map_or_else(String::new, |peak| wrap(&peak));
    if series.iter().any(|series| series.rounds > 1) {
        text += &wrap("Beside each bar: the median, the fastest and the slowest run.");
    }
    if series
        .iter()
        .any(|series| series.speed_up_interval.is_some())
    {
        text += &wrap("times: the speed-up over the slowest series, with a confidence of 99 %.");
    }
    text
}

fn wrap(text: &str) -> String {
    wrap_to(WIDTH, text)
}

/// Draws the median elapsed times as bars. The longest bar has the full length.
fn bars(series: &[Series]) -> String {
    let medians = series.iter().map(|series| series.elapsed_ms.median);
    let slowest = medians.fold(f64::MIN_POSITIVE, f64::max);
    let letters = series.iter().map(|series| series.label.chars().count());
    let width = letters.fold(MIN_LABEL, usize::max);
    let longest = match series.iter().any(|series| series.rounds > 1) {
        true => MAX_BAR_WITH_SPREAD,
        false => MAX_BAR,
    };
    let mut text = String::new();
    for series in series {
        let Series { label, slots, .. } = series;
        let median = series.elapsed_ms.median;
        let bar = bar(longest * median / slowest);
        let spread = spread(series).map_or_else(String::new, |spread| format!(" ({spread})"));
        let interval = series
            .speed_up_interval
            .map_or_else(String::new, |interval| {
                format!(", {} times", ends(&interval))
            });
        let _ = writeln!(
            text,
            "{label:width$} {slots:>4}  {bar} {} s{spread}{interval}",
            seconds(median)
        );
    }
    text
}

/// Draws a bar of `columns` columns, rounded to eighths of a column; at least one eighth.
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
    fn lines_are_wrapped_to_the_width_of_a_terminal() {
        let text = wrap(&["words"; 30].join(" "));
        let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [77, 77, 23], "{text}");
        assert_eq!(wrap(&"a".repeat(80)).lines().count(), 1);
    }

    #[test]
    fn a_bar_is_rounded_to_an_eighth_and_never_empty() {
        assert_eq!([2.0, 1.5, 0.01].map(bar), ["██", "█▌", "▏"]);
    }

    #[test]
    fn bars_stay_aligned_beside_a_long_label() {
        let runs = ["sequential", "much longer label"].map(|label| samples::run(label, 1, 1));
        let text = bars(&series(&samples::comparison_of(runs.to_vec())));
        let before: Vec<_> = text.lines().map(|line| line.find('█').unwrap()).collect();
        assert_eq!(before[0], before[1], "{text}");
    }

    #[test]
    fn intervals_stand_beside_the_bars_and_outliers_below_within_80_columns() {
        let of_round = |round: u32| {
            ["sequential", "semaphore"].map(|label| {
                let ms = if label == "sequential" { 1000.0 } else { 700.0 };
                let waver = if round.is_multiple_of(2) { 10.0 } else { 0.0 };
                let late = if round == 5 { 9000.0 } else { 0.0 };
                let mut run = samples::run(label, 26, 4);
                run.round = Some(round);
                run.elapsed_ms = ms + waver + late;
                run
            })
        };
        let runs: Vec<_> = (1..=10).flat_map(of_round).collect();
        let text = table(&samples::comparison_of(runs));
        assert!(
            text.contains(" 0.710 s (0.700..9.70), 1.21 to 1.43 times\n"),
            "{text}"
        );
        assert!(
            text.contains("\nsemaphore was 1.4 times faster than sequential (1.21 to 1.43);"),
            "{text}"
        );
        assert!(
            text.contains("\nOutliers, which other programs may have caused: 1 of 10 runs of sequential, 26 connections; 1 of 10"),
            "{text}"
        );
        let tables = text
            .lines()
            .take_while(|line| !line.starts_with("sequential   26  █"));
        assert!(
            tables.clone().count() > 8 && tables.clone().all(|line| line.len() <= 80),
            "{text}"
        );
        let bars = text.lines().filter(|line| line.contains('█'));
        assert!(
            bars.clone().count() == 2 && bars.clone().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }

    #[test]
    fn tasks_with_the_same_outcomes_share_their_lines() {
        let mut comparison = samples::comparison(26);
        for task in &mut comparison.runs[1].tasks[..3] {
            samples::fail(task, "late");
        }
        let text = table(&comparison);
        let (_, lines) = text.split_once("\n*** ").unwrap();
        assert_eq!(
            lines,
            "AA, AB, AC differ: late (semaphore)\n*** AA, AB, AC differ: ok (sequential)\n"
        );
        for task in &mut comparison.runs[1].tasks {
            samples::fail(task, "late");
        }
        let text = table(&comparison);
        let first =
            "\n*** AA, AB, AC, AD, AE, AF, AG, AH, AI and 17 others differ: late (semaphore)\n";
        assert!(text.contains(first), "{text}");
    }

    #[test]
    fn differences_are_escaped_lines_below_the_tables() {
        let mut comparison = samples::comparison(2);
        samples::fail(&mut comparison.runs[1].tasks[1], "late");
        let text = table(&comparison);
        let (_, lines) = text.split_once("\n*** ").unwrap();
        assert_eq!(
            lines,
            "AB differs: late (semaphore)\n*** AB differs: ok (sequential)\n"
        );
        samples::fail(
            &mut comparison.runs[1].tasks[1],
            "\u{1b}[2J\r\n\u{202e}Drapeau é",
        );
        let text = table(&comparison);
        assert!(
            text.contains("differs: \\u{1b}[2J\\r\\n\\u{202e}Drapeau é (semaphore)\n"),
            "{text}"
        );
        comparison.runs.clear();
        assert_eq!(table(&comparison), "");
    }
}
