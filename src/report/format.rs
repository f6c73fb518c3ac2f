//! All formats of a report, and the suffixes of their files.
//!
//! All say the same of the same runs: their numbers come from one place, and so do the words of pages.

use std::path::Path;

use comparison::Images;

use crate::report::model::Report;
use crate::report::side_by_side::side_by_side;
use crate::report::{csv, json, trace};

/// The format of a file of `--report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page with all of it.
    Html,
    /// All there is to know.
    Json,
    /// A table: a line for each record.
    Csv,
    /// The table of the runs, for a README.
    Markdown,
    /// The waterfalls alone, for a README.
    Svg,
    /// Trace events, for Perfetto and chrome://tracing.
    Trace,
}

impl Format {
    /// The suffixes, as a sentence names them.
    pub const SUFFIXES: &str = ".html, .json, .csv, .md, .svg or .trace.json";

    /// Each suffix with its format. The first that fits decides, so a longer one stands before the one it ends in.
    const NAMED: [(&str, Self); 6] = [
        (".trace.json", Self::Trace),
        (".html", Self::Html),
        (".json", Self::Json),
        (".csv", Self::Csv),
        (".md", Self::Markdown),
        (".svg", Self::Svg),
    ];

    /// The format that the name of a file stands for, by its suffix in any case.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let fits = |suffix: &str| {
            name.strip_suffix(suffix)
                .is_some_and(|stem| !stem.is_empty())
        };
        let mut named = Self::NAMED.into_iter();
        named
            .find(|(suffix, _)| fits(suffix))
            .map(|(_, format)| format)
    }

    /// Whether flags are to be seen in it: then [`read_images`](crate::report::read_images) reads them.
    pub fn shows_images(self) -> bool {
        self == Self::Html
    }

    /// The report in this format, ending in a line break.
    pub fn text(self, report: &Report, images: &Images) -> String {
        match self {
            Self::Html => comparison::page(&side_by_side(report), images),
            Self::Json => json::text(report),
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
    fn the_suffix_says_the_format() {
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
    fn the_sentence_names_each_suffix() {
        let mut named: Vec<_> = Format::SUFFIXES
            .split([',', ' '])
            .filter(|word| word.starts_with('.'))
            .collect();
        let mut suffixes = Format::NAMED.map(|(suffix, _)| suffix);
        named.sort_unstable();
        suffixes.sort_unstable();
        assert_eq!(named, suffixes);
    }
}
