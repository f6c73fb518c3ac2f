//! Runs of the same work side by side: statistics over series of runs, a table for the terminal, and a page with charts.
//!
//! A program hands over a [`Comparison`]: neutral values, in which a task is a name, an outcome and the phases of its time.
//! What the tasks were, and how they were run, is not known here. The words for them come from the program as [`Terms`].
//!
//! | function | returns |
//! | --- | --- |
//! | [`series()`], [`conclusion()`], [`differences()`] | numbers |
//! | [`table()`] | text for a terminal |
//! | [`markdown()`] | text for a README |
//! | [`picture()`] | an SVG picture of when each task ran |
//! | [`page()`] | an HTML page with all of it |
//!
//! The modules, bottom floor first; each imports only from those above it in this list:
//!
//! * `model`: the neutral values that a program hands over
//! * `samples`: made-up runs for the tests
//! * `timeline`: where the time of a task went, on the time axis of its run
//! * `statistics`: numbers from numbers
//! * `text`: sentences, columns, the table for the terminal, markdown
//! * `chart`: SVG elements, axes, legends, and charts of lines
//! * `waterfall`: a run as rows of bars, one for each task
//! * `picture`: the waterfalls alone
//! * `page`: tables, waterfalls and charts in one file

mod chart;
mod model;
mod page;
mod picture;
#[cfg(test)]
mod samples;
mod statistics;
mod text;
mod timeline;
mod waterfall;

pub use model::{Comparison, Outcome, Phase, PhaseKind, PhaseTerms, Run, Task, Terms};
pub use page::{Images, page};
pub use picture::picture;
pub use statistics::{
    Conclusion, Difference, Gain, Percentiles, Series, Spread, conclusion, differences, series,
};
pub use text::{Column, columns, conclusion_in_words, count, markdown, table};
pub use timeline::Span;

// The example of the README must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
