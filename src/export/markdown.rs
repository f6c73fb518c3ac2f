//! The table of the runs, to be put into a README.

use std::fmt::Write as _;

use crate::columns::{self, COLUMNS};
use crate::export::wording;
use crate::results::Results;
use crate::summary::{self, Series};

pub(super) fn text(results: &Results) -> String {
    let series = summary::series(&results.runs);
    let mut text = format!("# {}\n\n", plain(&wording::title(results)));
    for (name, fact) in wording::facts(results) {
        let _ = writeln!(text, "* {name}: {}", plain(&fact));
    }
    if !series.is_empty() {
        text += &format!("\n{}", table(&series));
    }
    for paragraph in [columns::verdict(&series), wording::ended_early(results)]
        .into_iter()
        .flatten()
    {
        let _ = write!(text, "\n{}\n", plain(&paragraph));
    }
    if !series.is_empty() {
        let _ = write!(text, "\n{}\n", wording::IDEAL);
    }
    let differences = wording::differences(results);
    if !differences.is_empty() {
        text += "\nThese codes ended differently:\n\n";
    }
    for difference in differences {
        let _ = writeln!(text, "* {}", plain(&difference));
    }
    text
}

fn table(series: &[Series]) -> String {
    let mut text = String::new();
    for column in &COLUMNS {
        let comma = if column.unit.is_empty() { "" } else { ", " };
        let _ = write!(text, "| {}{comma}{} ", column.name, column.unit);
    }
    text += "|\n| --- ";
    text += &"| ---: ".repeat(COLUMNS.len() - 1);
    text += "|\n";
    for one in series {
        for column in &COLUMNS {
            let _ = write!(text, "| {} ", plain(&(column.cell)(one)));
        }
        text += "|\n";
    }
    text
}

/// Text without a meaning for Markdown or for HTML, on one line. `http://` is left to be recognized.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '!' => {
                plain.extend(['\\', c])
            }
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn the_table_has_a_line_for_each_series() {
        let text = text(&samples::results(26));
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        let bars = |line: &str| line.matches('|').count();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines.iter().all(|line| bars(line) == COLUMNS.len() + 1),
            "{text}"
        );
        assert!(
            lines[2].starts_with("| sequential | 1 | 26 | 0 | 0 | 2.68 |"),
            "{text}"
        );
        assert!(
            text.contains("\nsemaphore was 26.0 times faster than sequential"),
            "{text}"
        );
    }

    #[test]
    fn what_a_server_says_stays_in_its_line() {
        let mut results = samples::results(2);
        let record = &mut results.runs[0].records[0];
        record.status = "error".to_owned();
        record.message = Some("</script><b>&\"'|`*\n# x".to_owned());
        let text = text(&results);
        let told = "* AA: \\</script\\>\\<b\\>\\&\"'\\|\\`\\* \\# x (sequential); ok (semaphore)\n";
        assert!(text.contains(told), "{text}");
    }
}
