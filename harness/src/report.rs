//! The files of `--report`: the same comparison as a page, a table, a picture or data.

use std::path::{Path, PathBuf};

use comparison::{Comparison, Images};
use program::{Files, error_chain, print_error};
use serde_json::json;

/// The format of a `--report` file, selected by its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A page with the table, the charts and every task.
    Html,
    /// The runs with their tasks, for programs.
    Json,
    /// Only the table, for a README.
    Markdown,
    /// The conclusion and the waterfalls, for a README.
    Svg,
}

impl ReportFormat {
    /// The suffixes, listed as in a sentence.
    pub const SUFFIXES: &str = ".html, .json, .md or .svg";

    /// Returns the format selected by the suffix of a file name, in any case; `None` if the suffix is unknown.
    ///
    /// ```
    /// use std::path::Path;
    /// use harness::ReportFormat;
    ///
    /// assert_eq!(ReportFormat::of(Path::new("logs.HTML")), Some(ReportFormat::Html));
    /// assert_eq!(ReportFormat::of(Path::new("logs.txt")), None);
    /// ```
    pub fn of(path: &Path) -> Option<Self> {
        let suffix = path.extension()?.to_str()?.to_ascii_lowercase();
        match suffix.as_str() {
            "html" => Some(Self::Html),
            "json" => Some(Self::Json),
            "md" => Some(Self::Markdown),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }

    /// Returns the comparison in this format, ending in a line break.
    pub fn text(self, comparison: &Comparison) -> String {
        match self {
            Self::Html => comparison::page(comparison, &Images::default()),
            Self::Json => json_text(comparison),
            Self::Markdown => comparison::markdown(comparison),
            Self::Svg => comparison::picture(comparison),
        }
    }
}

fn json_text(comparison: &Comparison) -> String {
    let series = comparison::series(comparison);
    let facts: serde_json::Map<_, _> = comparison
        .facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let value = json!({
        "schema": 1,
        "title": comparison.title,
        "facts": facts,
        "conclusion": comparison::conclusion_in_words(&series, comparison.terms),
        "series": series,
        "runs": comparison.runs,
    });
    format!("{value:#}\n")
}

/// Writes the comparison to each of these files, whose suffixes are known. Returns whether all were written; the errors of the
/// others are printed.
pub fn write_reports(files: Files, paths: &[PathBuf], comparison: &Comparison) -> bool {
    let mut written = true;
    for path in paths {
        let Some(format) = ReportFormat::of(path) else {
            continue;
        };
        let text = format.text(comparison);
        if let Err(error) = files.replace(path, text.as_bytes()) {
            print_error(&error_chain(&error));
            written = false;
        }
    }
    written
}
