//! The program `test-server`: runs LOCAL, DELAY and ERROR, or other servers, until SIGINT or SIGTERM.
//!
//! The modules, lowest layer first:
//!
//! * `args`: the command line options as they are typed
//! * `servers`: from the options to the servers to start
//! * `signals`: the signals that end the program
//! * `run`: one run, from starting the servers to the signal

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod run;
mod servers;
mod signals;

fn main() -> ExitCode {
    let args = args::Args::parse();
    if args.list_faults {
        return list_faults();
    }
    let servers = match servers::from_args(&args) {
        Ok(servers) => servers,
        Err(error) => {
            print_error(&*error);
            return ExitCode::from(2);
        }
    };
    match run::run(servers, args.ca_out()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

fn list_faults() -> ExitCode {
    let faults: Vec<_> = test_server::list_faults().collect();
    let width = faults
        .iter()
        .map(|(fault, _)| fault.len())
        .max()
        .unwrap_or(0);
    let list: String = faults
        .iter()
        .map(|(fault, seen)| format!("{fault:width$}  {seen}\n"))
        .collect();
    // The reader may close the pipe before the end, which is not an error.
    let _ = io::stdout().write_all(list.as_bytes());
    ExitCode::SUCCESS
}

/// Prints an error with its causes on standard error.
fn print_error(error: &dyn Error) {
    let mut line = format!("test-server: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line += &format!(": {cause}");
        source = cause.source();
    }
    // If standard error is closed, there is no other place to report the failure.
    let _ = writeln!(io::stderr(), "{line}");
}
