//! The program `test-server`: runs LOCAL, DELAY and ERROR, or other servers, until SIGINT or SIGTERM.
//!
//! The modules, lowest layer first:
//!
//! * `output`: the standard output, which may be full or closed
//! * `args`: the command line options as they are typed
//! * `effect`: options that would have no effect
//! * `config`: the file of `--config`
//! * `servers`: from the options to the servers to start
//! * `proxies`: from `--tcp` to the proxies to start
//! * `control`: from `--control` to a port of control paths
//! * `signals`: the signals that end the program
//! * `run`: one run, from starting the servers to the signal

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

mod args;
#[cfg(feature = "config")]
mod config;
mod control;
mod effect;
mod output;
mod proxies;
mod run;
mod servers;
mod signals;

fn main() -> ExitCode {
    let matches = match args::Args::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return print_clap(&error),
    };
    let args = match args::Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => return print_clap(&error),
    };
    let given = effect::Given::new(&matches);
    if let Err(why) = effect::check(&args, &given) {
        print_error(&*Box::<dyn Error>::from(why));
        return ExitCode::from(2);
    }
    if args.list_faults {
        return list_faults();
    }
    let planned = match plan_run(&args, &given) {
        Ok(planned) => planned,
        Err(error) => {
            print_error(&*error);
            return ExitCode::from(2);
        }
    };
    match run::run(planned) {
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

/// Returns what is to be started.
///
/// # Errors
/// If an option or a setting in the file of `--config` is invalid.
fn plan_run(args: &args::Args, given: &effect::Given<'_>) -> Result<run::Planned, Box<dyn Error>> {
    let planned = planned(args)?;
    if planned.servers.is_empty() {
        effect::check_of_proxies(given)?;
    }
    if let Some(port) = planned.port_given_twice() {
        return Err(format!("port {port} is given twice").into());
    }
    let mut servers = planned.servers.iter();
    if planned.ca_out.is_some() && !servers.any(|(server, _)| server.has_tls(args)) {
        return Err(
            "the certificate of an authority needs a server with TLS, and there is none".into(),
        );
    }
    Ok(planned)
}

fn planned(args: &args::Args) -> Result<run::Planned, Box<dyn Error>> {
    #[cfg(feature = "config")]
    if let Some(path) = &args.config {
        let file = config::read(path)?;
        return Ok(run::Planned {
            ca_out: file.ca_out().or(args.ca_out()).map(ToOwned::to_owned),
            proxies: proxies::from_config(&file, args)?,
            servers: servers::from_config(file.servers, args)?,
            control: control::from_args(args),
        });
    }
    Ok(run::Planned {
        servers: servers::from_args(args)?,
        proxies: proxies::from_args(args)?,
        ca_out: args.ca_out().map(ToOwned::to_owned),
        control: control::from_args(args),
    })
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
    end_with(output::print(&list))
}

/// Prints the help or the version that was asked for, or what is wrong with the arguments.
fn print_clap(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return end_with(output::print(&error.render().to_string()));
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // If standard error is closed, there is no other place to report the failure.
    let _ = write!(io::stderr(), "test-server: {text}");
    ExitCode::from(2)
}

/// Reports an error of the standard output, if there is one.
fn end_with(printed: Result<(), output::OutputError>) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
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
