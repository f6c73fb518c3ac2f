//! Text output: the sentences and numbers that all outputs share, the table for the terminal, and Markdown.
//!
//! * `numbers`: formats numbers
//! * `wrap`: wraps text between words
//! * `sentences`: sentences that pages, tables and pictures share word for word
//! * `columns`: the columns of a table of series
//! * `table`: the series as text for a terminal
//! * `limits`: what a comparison with several numbers of slots shows
//! * `markdown`: the series as Markdown for a README

mod columns;
mod limits;
mod markdown;
mod numbers;
mod sentences;
mod table;
mod wrap;

pub(crate) use self::columns::{columns_for, spread};
pub(crate) use self::limits::{Verdict, best_settings, verdicts};
pub use self::numbers::count;
pub(crate) use self::numbers::{ends, millis, ordinal, plural, seconds};
pub(crate) use self::sentences::{
    article, capitalized, differences_in_sentences, ended_early, ideal, list, outcome_in_words,
    outliers_in_words, panel_title, peak, series_name, series_title,
};
pub(crate) use self::wrap::wrap_to;

pub use self::columns::{Column, columns};
pub use self::markdown::markdown;
pub use self::sentences::conclusion_in_words;
pub use self::table::table;
