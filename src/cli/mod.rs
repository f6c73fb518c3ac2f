//! The command line: what was typed, and the settings it stands for.
//!
//! Bottom floor first; each imports only from those listed before it:
//!
//! * `args`: the words that were typed, and what each value alone must look like
//! * `usage`: usage errors, all in one form
//! * `earlier`: the report of an earlier run, whose failures are run again
//! * `mode`: a run, a comparison, or one run of a comparison
//! * `config`: the meaning of all of it

mod args;
mod config;
mod earlier;
mod mode;
mod usage;

pub(crate) use config::{Config, ReportTo};
pub(crate) use mode::{Compare, Mode, Series};
pub(crate) use usage::Stop;
