//! The command line: parses the arguments and turns them into the settings of the program.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `args`: the arguments as typed, and the syntax of each value
//! * `usage`: usage errors, all in one form
//! * `earlier`: the report of an earlier run, for `--failed`
//! * `mode`: a run, a comparison, or one run of a comparison
//! * `config`: the settings of the program, made from all of these

mod args;
mod config;
mod earlier;
mod mode;
mod usage;

pub(crate) use config::{Config, ReportTo};
pub(crate) use mode::{Compare, Mode, Series};
pub(crate) use usage::EarlyExit;
