//! The command line: parses the arguments and turns them into the settings of the program.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `hints`: suggestions for words that are almost right
//! * `values`: the syntax of the values of options
//! * `nats`: the options of runs on other machines (feature `nats`)
//! * `args`: the arguments as typed
//! * `usage`: usage errors, all in one form
//! * `texts`: completions and the manual page, printed instead of a run
//! * `earlier`: the report of an earlier run, for `--failed`
//! * `http`: the options of how requests reach their servers
//! * `mode`: a run, a comparison, or one run of a comparison
//! * `config`: the settings of the program, made from all of these

mod args;
mod config;
mod earlier;
mod hints;
mod http;
mod mode;
#[cfg(feature = "nats")]
mod nats;
mod texts;
mod usage;
mod values;

pub(crate) use config::{Config, EarlyExit, ReportTo};
pub(crate) use mode::{Compare, Mode, Series};
#[cfg(feature = "nats")]
pub(crate) use nats::Role;
#[cfg(feature = "nats")]
pub(crate) use usage::usage_error;
