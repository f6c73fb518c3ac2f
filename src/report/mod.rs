//! The files of `--report`: runs as other programs read them, and as people look at them. Data in, text out; the one thing
//! that is read here are the flags that pages show.
//!
//! Bottom floor first; each imports only from those listed before it:
//!
//! * `model`: the JSON report, one shape for one run and for many
//! * `samples`: reports for tests
//! * `images`: the flags that a page shows
//! * `facts`: what a page says of how it was measured
//! * `side_by_side`: runs as the values that the comparison crate shows
//! * `csv`: a table for spreadsheets
//! * `json`: the report as it is
//! * `trace`: trace events
//! * `format`: all formats, and the suffixes of their files

mod csv;
mod facts;
mod format;
mod images;
mod json;
mod model;
#[cfg(test)]
mod samples;
mod side_by_side;
mod trace;

pub use crate::run::embedded::SeenByServer;
pub use crate::run::resources::Resources;
pub use crate::run::signals::Signal;
pub use csv::COLUMNS;
pub use format::Format;
pub use images::read_images;
pub(crate) use model::RunFacts;
pub use model::{Comparison, Host, RecordReport, Report, RunReport, SCHEMA, Settings, Totals};
pub use side_by_side::side_by_side;
