//! The program `test-server`: runs LOCAL, DELAY and ERROR, or other servers, until SIGINT or SIGTERM.
//!
//! The modules, lowest layer first:
//!
//! * `args`: the command line options as they are typed
//! * `config`: the file of `--config`
//! * `servers`: from the options to the servers to start
//! * `proxies`: from `--tcp` to the proxies to start
//! * `signals`: the signals that end the program
//! * `run`: one run, from starting the servers to the signal

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

mod args;
#[cfg(feature = "config")]
mod config;
mod proxies;
mod run;
mod servers;
mod signals;

fn main() -> ExitCode {
    let args = args::Args::parse();
    if args.list_faults {
        return list_faults();
    }
    let planned =
        servers::from_args(&args).and_then(|servers| Ok((servers, proxies::from_args(&args)?)));
    let (servers, proxies) = match planned {
        Ok(planned) => planned,
        Err(error) => {
            print_error(&*error);
            return ExitCode::from(2);
        }
    };
    match run::run(servers, &proxies, args.ca_out()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            if run::is_usage(&*error) {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
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
