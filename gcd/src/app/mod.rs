//! One complete run or comparison, from the arguments to the exit code. All output is printed from here.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `setup`: the signals and the files of a run
//! * `run`: one run, and a sequential one to compare it with
//! * `compare`: a comparison

mod compare;
mod run;
mod setup;

use std::ffi::OsString;
use std::io;

use harness::Mode;
use program::{Ending, Exit, Output, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::app::setup::Setup;
use crate::args::Config;

/// Runs the program with these arguments, of which the first is its name, and returns how it ended.
///
/// Blocks until the run or the comparison is over. Prints to standard output and standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let stop = CancellationToken::new();
    let mut out = Output::new(io::stdout().lock(), stop.clone());
    let config = match Config::from_args(args) {
        Ok(config) => config,
        Err(error) if error.use_stderr() => {
            print_stderr(&error.to_string());
            return Exit::Usage;
        }
        Err(help) => {
            out.print(&help.to_string());
            let ending = Ending {
                output: out.failed(),
                ..Ending::default()
            };
            return ending.exit();
        }
    };
    let setup = match Setup::new(&config, stop) {
        Ok(setup) => setup,
        Err(exit) => return exit,
    };
    match &config.mode {
        Mode::Run(series) => run::run(&config, *series, &setup, &mut out),
        Mode::Compare(plan) => compare::run(&config, plan, &setup, &mut out),
    }
}
