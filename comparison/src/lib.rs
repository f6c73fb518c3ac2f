//! Compares runs of the same work: statistics over series of runs, a table for the terminal, and a page with charts.
//!
//! The program passes a [`Comparison`] of neutral values: a task has a name, an outcome and the phases of its time.
//! This crate does not know what the tasks did or how they ran. The program supplies its words for them as [`Terms`].
//!
//! | item | provides |
//! | --- | --- |
//! | [`Schedule`] | the order of the runs, and how often each series is repeated |
//! | [`series()`], [`conclusion()`], [`differences()`], [`lower_bound()`] | numbers |
//! | [`table()`] | text for a terminal |
//! | [`markdown()`] | text for a README |
//! | [`picture()`] | an SVG picture of when each task ran |
//! | [`page()`] | an HTML page with tables, waterfalls and charts |
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `model`: the values that a program passes to this crate
//! * `samples`: made-up runs for the tests
//! * `timeline`: where the time of a task went, on the time axis of its run
//! * `statistics`: series of runs, and what their numbers show
//! * `schedule`: which series runs next
//! * `text`: sentences, columns, the table for the terminal, markdown
//! * `drawn`: which tasks are drawn: all of them, or a sample
//! * `chart`: SVG elements, axes, legends, and charts of lines
//! * `waterfall`: a run drawn as rows of bars, one row per task
//! * `picture`: the waterfalls as one SVG picture
//! * `page`: tables, waterfalls and charts as one HTML file

mod chart;
mod drawn;
mod model;
mod page;
mod picture;
#[cfg(test)]
mod samples;
mod schedule;
mod statistics;
mod text;
mod timeline;
mod waterfall;

pub use model::{Comparison, Outcome, PeakTerms, Phase, PhaseKind, PhaseTerms, Run, Task, Terms};
pub use page::{Images, page};
pub use picture::picture;
pub use schedule::{Next, Schedule};
pub use statistics::{
    Certainty, Conclusion, Difference, Gain, Interval, Percentiles, Series, Spread, conclusion,
    differences, lower_bound, series,
};
pub use text::{Column, columns, conclusion_in_words, count, markdown, table};
pub use timeline::Span;

// Compiles and runs the example of the README as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
