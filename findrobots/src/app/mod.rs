//! One complete run or comparison, from the arguments to the exit code. All output is printed from here.
//!
//! * `side_by_side`: runs as the values that the comparison crate shows
//! * `run`: one run
//! * `compare`: a comparison

use std::ffi::OsString;
use std::io;

use concurrent_futures::Registry;
use harness::{Measure, Mode, Timed};
use program::{Ending, Exit, Files, Output, Signals, error_chain, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::cli::{Config, usage_error};
use crate::console::notices;
use crate::inputs::Inputs;
use crate::jobs::{Robots, Strict};
use crate::work::ReadLogs;

mod compare;
mod run;
mod side_by_side;

/// The files of this program.
const FILES: Files = Files::of("findrobots");

/// What every run and every comparison needs.
struct Setup<'s> {
    config: &'s Config,
    inputs: &'s Inputs,
    signals: &'s Signals,
    /// Ends the run early when cancelled: the results so far are printed.
    stop: &'s CancellationToken,
}

/// Returns the tasks that worker processes of this program run, for the call of `serve` in `main`.
pub fn tasks() -> Registry {
    Registry::new()
        .with::<Timed<ReadLogs<Robots>>>()
        .with::<Timed<ReadLogs<Strict<Robots>>>>()
        .with::<Measure<compare::Work>>()
}

/// Runs the program with these arguments, of which the first is its name, and returns how it ended.
///
/// Blocks until the run or the comparison is over. Prints to standard output and standard error.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let stop = CancellationToken::new();
    let mut out = Output::new(io::stdout().lock(), stop.clone());
    let config = match Config::from_args(args) {
        Ok(config) => config,
        Err(error) if error.use_stderr() => {
            print_stderr(&notices::visible_lines(&error.to_string()));
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
    for path in &config.reports {
        if let Err(error) = FILES.prepare(path) {
            let error = format!("*** Error: {}\n", error_chain(&error));
            print_stderr(&notices::visible_lines(&error));
            return Exit::Local;
        }
    }
    let signals = match Signals::watch(stop.clone()) {
        Ok(signals) => signals,
        Err(error) => {
            print_stderr(&format!("*** Error: cannot watch for signals: {error}\n"));
            return Exit::Errors;
        }
    };
    let inputs = Inputs::find(&config.logs, &config.select);
    for (path, error) in &inputs.errors {
        print_stderr(&notices::error(path, error));
    }
    for note in &inputs.notes {
        print_stderr(&notices::warning(note));
    }
    if inputs.files.is_empty() {
        print_stderr("*** Error: there is no log to read\n");
        return Exit::Usage;
    }
    let setup = Setup {
        config: &config,
        inputs: &inputs,
        signals: &signals,
        stop: &stop,
    };
    match &config.mode {
        Mode::Run(series) => run::run(&setup, *series, &mut out),
        Mode::Compare(plan) => {
            if let Some(stream) = inputs.files.iter().find(|file| file.is_stream()) {
                let path = stream.path().display();
                let message = format!(
                    "--compare reads the logs several times, which is not possible with '{path}'"
                );
                let error = usage_error(&message).to_string();
                print_stderr(&notices::visible_lines(&error));
                return Exit::Usage;
            }
            compare::run(&setup, plan, &mut out)
        }
    }
}
