//! The files of `--report`, for programs and for people.
//!
//! Each format is a function from a report to text. The only other input is the saved flags that a page shows. Reports of
//! lists of any length are written record by record. Nothing here knows of terminals.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `model`: the report as data, one shape for one run and for many
//! * `conversion`: from a run to its report as data
//! * `samples`: made-up reports for tests
//! * `images`: reads the flags that a page shows
//! * `facts`: the heading of a page, and how its runs were measured
//! * `side_by_side`: converts runs to the values that the comparison crate shows
//! * `series`: the statistics of a comparison, as part of its report
//! * `csv`: a table for spreadsheets
//! * `json`: the report as JSON
//! * `jsonl`: a line of JSON per record
//! * `trace`: trace events for Perfetto and chrome://tracing
//! * `format`: the formats, and the file suffixes that select them
//! * `streamed`: reports that are written while a run is in progress

mod conversion;
mod csv;
mod facts;
mod format;
mod images;
mod json;
mod jsonl;
mod model;
#[cfg(test)]
pub(crate) mod samples;
mod series;
mod side_by_side;
mod streamed;
mod trace;

pub use crate::run::embedded::SeenByServer;
pub(crate) use conversion::{RunEnd, RunFacts, absolute_text};
pub use csv::{COLUMNS, COLUMNS_OF_LISTS};
pub use format::Format;
pub use images::read_images;
pub use model::{
    ComparisonSettings, Host, RecordReport, Report, RunReport, SCHEMA, SCHEMA_OF_LISTS,
    SeriesReport, ServerState, Settings, Totals, Unfinished,
};
pub use program::{Resources, Signal};
pub(crate) use series::with_statistics;
pub use side_by_side::side_by_side;
pub(crate) use streamed::Streamed;
