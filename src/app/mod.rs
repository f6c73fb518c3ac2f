//! One whole run or comparison, from the arguments to the exit code. All output is printed from here.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `listing`: the items of a run, instead of the run
//! * `setup`: prepares the folders, the server and the signals
//! * `files`: writes the files of `--report`
//! * `requested`: what a run requests
//! * `cluster`: this process as a worker of other machines, or with such workers (feature `nats`)
//! * `run`: one run
//! * `compare`: a comparison

use std::ffi::OsString;

use program::{Ending, Output, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::app::setup::{FatalError, Notices, Setup};
#[cfg(feature = "nats")]
use crate::cli::Role;
use crate::cli::{Config, EarlyExit, Mode};
use crate::compare::prepare_process;
use crate::console::notices;

pub use program::Exit;

#[cfg(feature = "nats")]
mod cluster;
mod compare;
mod files;
mod listing;
mod requested;
mod run;
mod setup;

/// Runs the program with these arguments, of which the first is its name, and returns how it ended.
///
/// Blocks until the run or the comparison is over. Prints to standard output and standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let stop = CancellationToken::new();
    let mut out = Output::standard(stop.clone());
    let config = match Config::from_args(args) {
        Ok(config) => config,
        Err(EarlyExit::Text(text)) => {
            out.print(&text);
            let ending = Ending {
                output: out.failed(),
                ..Ending::default()
            };
            return ending.exit();
        }
        Err(EarlyExit::List(config)) => return listing::print(&config, &mut out),
        Err(EarlyExit::UsageError(text)) => {
            print_stderr(&text);
            return Exit::Usage;
        }
    };
    for &(option, wanted) in &config.above_most {
        Notices::of(&config).print(&notices::most_connections(option, wanted));
    }
    if config.http.is_insecure() && !matches!(config.mode, Mode::ComparedRun(_)) {
        print_stderr(notices::INSECURE);
    }
    #[cfg(feature = "nats")]
    if let Some(Role::Worker { cluster, threads }) = &config.role {
        return cluster::work(&config, cluster, *threads, stop);
    }
    let setup = match Setup::new(&config, stop) {
        Ok(setup) => setup,
        Err(error) => return error.print(),
    };
    match &config.mode {
        Mode::Run {
            series,
            skip_existing,
        } => run::run(&config, *series, *skip_existing, &setup, &mut out),
        Mode::ComparedRun(series) => match prepare_process(&setup.stop) {
            Ok(()) => run::run(&config, *series, false, &setup, &mut out),
            Err(error) => FatalError::from(error).print(),
        },
        Mode::Compare(compare) => compare::run(&config, compare, &setup, &mut out),
    }
}
