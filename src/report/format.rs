//! The formats of a report, and the file suffixes that select them.
//!
//! All formats describe the same runs with the same numbers: each is made from one [`Report`], and pages, pictures and
//! traces from the same converted runs.

use std::path::Path;

use comparison::Images;

use crate::report::model::Report;
use crate::report::side_by_side::side_by_side;
use crate::report::{csv, json, jsonl, trace};

/// The format of a `--report` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page: the table of the runs, the charts and every record.
    Html,
    /// The complete report, for programs.
    Json,
    /// A line of JSON for each record, written while the run is in progress.
    JsonLines,
    /// A table with one line for each record, for spreadsheets.
    Csv,
    /// Only the table of the runs, for a README.
    Markdown,
    /// The conclusion and the waterfalls, for a README.
    Svg,
    /// Trace events, for Perfetto and chrome://tracing.
    Trace,
}

impl Format {
    /// The suffixes, listed as in a sentence.
    pub const SUFFIXES: &str = ".html, .json, .jsonl, .csv, .md, .svg or .trace.json";

    /// Each suffix with its format. The first match decides, so `.trace.json` comes before `.json`.
    const BY_SUFFIX: [(&str, Self); 7] = [
        (".trace.json", Self::Trace),
        (".html", Self::Html),
        (".json", Self::Json),
        (".jsonl", Self::JsonLines),
        (".csv", Self::Csv),
        (".md", Self::Markdown),
        (".svg", Self::Svg),
    ];

    /// Returns the format selected by the suffix of a file name. The case of the suffix does not matter.
    ///
    /// Returns `None` if the suffix is unknown, or if the name consists of the suffix alone.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let matches = |suffix: &str| {
            name.strip_suffix(suffix)
                .is_some_and(|stem| !stem.is_empty())
        };
        let mut by_suffix = Self::BY_SUFFIX.into_iter();
        by_suffix
            .find(|(suffix, _)| matches(suffix))
            .map(|(_, format)| format)
    }

    /// Returns whether the format shows the flags, which [`read_images`](crate::report::read_images) reads.
    pub fn shows_images(self) -> bool {
        self == Self::Html
    }

    /// Returns the report in this format, ending in a line break. Only a page uses `images`.
    pub fn text(self, report: &Report, images: &Images) -> String {
        match self {
            Self::Html => comparison::page(&side_by_side(report), images),
            Self::Json => json::text(report),
            Self::JsonLines => jsonl::text(report),
            Self::Csv => csv::text(report),
            Self::Markdown => comparison::markdown(&side_by_side(report)),
            Self::Svg => comparison::picture(&side_by_side(report)),
            Self::Trace => trace::text(report),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_selects_the_format() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!(of("a.trace.json"), Some(Format::Trace));
        assert_eq!(of("a.TRACE.Json"), Some(Format::Trace));
        assert_eq!(of("trace.json"), Some(Format::Json));
        assert_eq!(of("folder.svg/a.HTML"), Some(Format::Html));
        assert_eq!(of("a.md"), Some(Format::Markdown));
        for none in ["a.txt", "html", ".html", "folder.html/a", "a.json.gz", ""] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn the_sentence_lists_every_suffix() {
        let mut named: Vec<_> = Format::SUFFIXES
            .split([',', ' '])
            .filter(|word| word.starts_with('.'))
            .collect();
        let mut suffixes = Format::BY_SUFFIX.map(|(suffix, _)| suffix);
        named.sort_unstable();
        suffixes.sort_unstable();
        assert_eq!(named, suffixes);
    }
}
