//! One complete run or comparison, from the arguments to the exit code. All output is printed from here.
//!
//! * `run`: one run, and a sequential one to compare it with
//! * `compare`: a comparison

mod compare;
mod run;

use std::ffi::OsString;

use harness::{Mode, Setup, print_usage};
use program::{Exit, Files, Output};
use tokio_util::sync::CancellationToken;

use crate::args::Config;

/// The files of this program.
const FILES: Files = Files::of("gcd");

/// Runs the program with these arguments, of which the first is its name, and returns how it ended.
///
/// Blocks until the run or the comparison is over. Prints to standard output and standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let stop = CancellationToken::new();
    let mut out = Output::standard(stop.clone());
    let config = match Config::from_args(args) {
        Ok(config) => config,
        Err(error) => return print_usage(&error, &mut out),
    };
    let setup = match Setup::new(FILES, &config.reports, stop) {
        Ok(setup) => setup,
        Err(exit) => return exit,
    };
    match &config.mode {
        Mode::Run(series) => run::run(&config, *series, &setup, &mut out),
        Mode::Compare(plan) => compare::run(&config, plan, &setup, &mut out),
    }
}
