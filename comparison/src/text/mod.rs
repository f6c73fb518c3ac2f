//! What is read: the words that all outputs share, the table for the terminal, and markdown.
//!
//! * `numbers`: how numbers are written
//! * `sentences`: what pages, tables and pictures say, word for word the same in each
//! * `columns`: the columns of a table of series
//! * `table`: series beside each other for a terminal
//! * `markdown`: the same for a README

mod columns;
mod markdown;
mod numbers;
mod sentences;
mod table;

pub use self::numbers::count;
pub(crate) use self::numbers::{millis, plural};
pub(crate) use self::sentences::{
    article, capitalized, difference_in_sentence, ended_early, ideal, outcome_in_words,
    panel_title, series_title,
};

pub use self::columns::{Column, columns};
pub use self::markdown::markdown;
pub use self::sentences::conclusion_in_words;
pub use self::table::table;
