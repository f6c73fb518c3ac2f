//! The three servers LOCAL, DELAY and ERROR in a terminal, until SIGINT or SIGTERM.
//!
//! The modules, bottom floor first:
//!
//! * `args`: the command line as it is typed
//! * `servers`: the servers that it describes
//! * `signals`: the signals that end the program
//! * `run`: from the first port to the last signal

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
    match run::run(servers) {
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
    // Whoever has read enough may close the pipe.
    let _ = io::stdout().write_all(list.as_bytes());
    ExitCode::SUCCESS
}

/// Prints one message: what is wrong, and why.
fn print_error(error: &dyn Error) {
    let mut line = format!("test-server: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line += &format!(": {cause}");
        source = cause.source();
    }
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}
