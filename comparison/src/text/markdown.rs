//! A comparison as Markdown, for a README.

use std::fmt::Write as _;

use safe_text::is_hidden;

use super::columns::columns_for;
use super::numbers::plural;
use super::sentences::{
    conclusion_in_words, differences_in_sentences, ended_early, ideal, outliers_in_words,
};
use crate::model::{Comparison, Terms};
use crate::statistics::{Series, differences, series};

/// Returns the title, the facts, the table of the series, the conclusion and the differences as Markdown.
///
/// ```
/// # mod made_up { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/made_up/sleeps.rs")); }
/// # use made_up::sleeps;
/// let text = comparison::markdown(&sleeps());
/// assert!(text.contains("| pool | 3 | 3 | 0 | 0 | 1.00 | 3.0 |"));
/// ```
pub fn markdown(comparison: &Comparison) -> String {
    let (series, terms) = (series(comparison), comparison.terms);
    let mut text = format!("# {}\n\n", escape(&comparison.title));
    for (name, fact) in &comparison.facts {
        let _ = writeln!(text, "* {}: {}", escape(name), escape(fact));
    }
    if !series.is_empty() {
        text += &format!("\n{}", table(&series, terms));
    }
    let explanation = (!series.is_empty()).then(|| ideal(terms));
    let paragraphs = [
        conclusion_in_words(&series, terms),
        outliers_in_words(&series, terms),
        ended_early(comparison),
        explanation,
    ];
    for paragraph in paragraphs.into_iter().flatten() {
        let _ = write!(text, "\n{}\n", escape(&paragraph));
    }
    let differences = differences(comparison);
    if !differences.is_empty() {
        let _ = write!(
            text,
            "\nThese {} ended differently:\n\n",
            escape(&plural(terms.name))
        );
    }
    for sentence in differences_in_sentences(&differences, terms) {
        let _ = writeln!(text, "* {}", escape(&sentence));
    }
    text
}

fn table(series: &[Series], terms: &Terms) -> String {
    let columns = columns_for(series, terms);
    let mut text = String::new();
    for column in &columns {
        let _ = write!(text, "| {} ", escape(&column.full_name()));
    }
    text += "|\n| --- ";
    text += &"| ---: ".repeat(columns.len() - 1);
    text += "|\n";
    for one in series {
        for column in &columns {
            let _ = write!(text, "| {} ", escape(&(column.cell)(one)));
        }
        text += "|\n";
    }
    text
}

/// Escapes the text for Markdown and HTML and puts it on one line. URLs stay intact, so that renderers can link them.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '!' => {
                escaped.extend(['\\', c])
            }
            c if is_hidden(c) => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_table_has_a_line_for_each_series() {
        let text = markdown(&samples::comparison(26));
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        let bars = |line: &str| line.matches('|').count();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines.iter().all(|line| bars(line) == 14), "{text}");
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
    fn a_hostile_message_is_escaped_and_stays_on_its_line() {
        let mut comparison = samples::comparison(2);
        let hostile = "</script><b>&\"'|`*\n# x";
        samples::fail(&mut comparison.runs[0].tasks[0], hostile);
        let text = markdown(&comparison);
        let line = "* AA: \\</script\\>\\<b\\>\\&\"'\\|\\`\\* \\# x (sequential); ok (semaphore)\n";
        assert!(text.contains(line), "{text}");
    }
}
