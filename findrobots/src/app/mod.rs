//! One complete run or comparison, from the arguments to the exit code. All output is printed from here.
//!
//! * `side_by_side`: runs as the values that the comparison crate shows
//! * `run`: one run
//! * `compare`: a comparison
//! * `cluster`: workers on other machines (feature `nats`)

use std::ffi::OsString;

use concurrent_futures::Registry;
use harness::{Measure, Mode, Setup, Timed, print_usage};
use program::{Exit, Files, Output, print_error, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::cli::{Config, usage_error};
use crate::console::notices;
use crate::inputs::Inputs;
use crate::jobs::{Robots, Strict};
use crate::work::ReadLogs;

#[cfg(feature = "nats")]
mod cluster;
mod compare;
mod run;
mod side_by_side;

/// The files of this program.
const FILES: Files = Files::of("findrobots");

/// What every run and every comparison needs.
struct Request<'r> {
    config: &'r Config,
    inputs: &'r Inputs,
    setup: &'r Setup,
}

/// Returns the tasks that worker processes of this program run, for the call of `serve` in `main`.
pub fn tasks() -> Registry {
    searches().with::<Measure<compare::Work>>()
}

/// Returns the tasks that workers on other machines run.
fn searches() -> Registry {
    Registry::new()
        .with::<Timed<ReadLogs<Robots>>>()
        .with::<Timed<ReadLogs<Strict<Robots>>>>()
}

/// Runs the program with these arguments, of which the first is its name, and returns how it ended.
///
/// Blocks until the run or the comparison is over. Prints to standard output and standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let stop = CancellationToken::new();
    let mut out = Output::standard(stop.clone());
    #[cfg_attr(
        not(feature = "nats"),
        expect(unused_mut, reason = "the workers are counted")
    )]
    let mut config = match Config::from_args(args) {
        Ok(config) => config,
        Err(error) => return print_usage(&error, &mut out),
    };
    let setup = match Setup::new(FILES, &config.reports, stop) {
        Ok(setup) => setup,
        Err(exit) => return exit,
    };
    #[cfg(feature = "nats")]
    match cluster::prepare(&mut config, &setup) {
        Ok(()) => {}
        Err(exit) => return exit,
    }
    let inputs = Inputs::find(&config.logs, &config.select);
    for (path, error) in &inputs.errors {
        print_stderr(&notices::error(path, error));
    }
    for note in &inputs.notes {
        print_stderr(&notices::warning(note));
    }
    if inputs.files.is_empty() {
        print_error("there is no log to read");
        return Exit::Usage;
    }
    let request = Request {
        config: &config,
        inputs: &inputs,
        setup: &setup,
    };
    match &config.mode {
        Mode::Run(series) => run::run(&request, *series, &mut out),
        Mode::Compare(plan) => {
            if let Some(stream) = inputs.files.iter().find(|file| file.is_stream()) {
                let path = stream.path().display();
                let message = format!(
                    "--compare reads the logs several times, which is not possible with '{path}'"
                );
                return print_usage(&usage_error(&message), &mut out);
            }
            compare::run(&request, plan, &mut out)
        }
    }
}
