//! Prepares what every run and every comparison needs: writable folders, a server, and signal handling.

use std::error::Error;
use std::io;

use program::{Exit, Signals, WriteError, error_chain, print_error, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::cli::{Config, Mode, ReportTo};
use crate::download::save::FILES;
use crate::run::deadline::Deadline;
use crate::run::descriptors::{self, Descriptors, TooFew};
use crate::run::embedded::{self, Served, ServedBy};
use crate::server::{BaseUrl, Server};

/// A printer of notices on standard error, which `--quiet` and runs of a comparison turn off.
pub(super) struct Notices {
    quiet: bool,
}

impl Notices {
    /// Returns a printer for these settings.
    pub(super) fn of(config: &Config) -> Self {
        Self {
            quiet: config.quiet || matches!(config.mode, Mode::ComparedRun(_)),
        }
    }

    /// Prints the notice, unless notices are turned off.
    pub(super) fn print(&self, text: &str) {
        if !self.quiet {
            print_stderr(text);
        }
    }
}

/// The environment of a run or a comparison. Dropped in this order: the server stops while signals are still handled.
pub(super) struct Setup {
    /// The server in use. An embedded one runs until this is dropped.
    pub(super) served: Served,
    /// The keys of the partial files that earlier runs have left in the folder for the flags.
    pub(super) partials: Vec<u64>,
    /// How many files may be open, if there is a limit.
    pub(super) descriptors: Option<Descriptors>,
    /// The signal handling. The first signal cancels `stop`.
    pub(super) signals: Signals,
    /// The time limit of the whole run. When it is over, `stop` is cancelled.
    pub(super) deadline: Deadline,
    /// Ends the run early when cancelled: downloads stop, and the results so far are reported.
    pub(super) stop: CancellationToken,
}

impl Setup {
    /// Checks that there are enough descriptors, prepares the folders, watches for signals, starts the time limit, and
    /// finds or starts the server.
    ///
    /// # Errors
    /// If any of these fails.
    pub(super) fn new(config: &Config, stop: CancellationToken) -> Result<Self, FatalError> {
        let descriptors = descriptors::available()?;
        let partials = prepare_outputs(config)?;
        let watch = match config.mode {
            Mode::ComparedRun(_) => Signals::watch_in_child,
            Mode::Run { .. } | Mode::Compare(_) => Signals::watch,
        };
        let signals = watch(stop.clone())
            .map_err(|error| with_context("cannot watch for signals", &error))?;
        let deadline = Deadline::start(config.max_time, stop.clone())?;
        Ok(Self {
            served: find_server(config)?,
            partials,
            descriptors,
            signals,
            deadline,
            stop,
        })
    }
}

/// An error that leaves a run or a comparison without a result, and its exit code.
pub(super) struct FatalError {
    error: Box<dyn Error>,
    exit: Exit,
}

impl FatalError {
    /// Prints the error on standard error and returns the exit code.
    pub(super) fn print(self) -> Exit {
        print_error(&error_chain(&*self.error));
        self.exit
    }
}

impl From<io::Error> for FatalError {
    fn from(error: io::Error) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Errors,
        }
    }
}

impl From<TooFew> for FatalError {
    fn from(error: TooFew) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Errors,
        }
    }
}

impl From<WriteError> for FatalError {
    fn from(error: WriteError) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Local,
        }
    }
}

/// Creates the folder for the flags if it is missing. Checks, as far as possible before the first request, that flags
/// and reports can be written. Returns the keys of the partial files in the folder.
fn prepare_outputs(config: &Config) -> Result<Vec<u64>, WriteError> {
    let partials = FILES.synced(config.fsync).prepare_folder(&config.dest)?;
    for report in &config.reports {
        if let ReportTo::File(path, _) = report {
            FILES.prepare(path)?;
        }
    }
    Ok(partials)
}

/// Finds the server of the run, or starts it. An embedded server runs until the returned value is dropped.
fn find_server(config: &Config) -> io::Result<Served> {
    match &config.server {
        Server::Labelled(label) => embedded::serve(*label, config.ports).map_err(|error| {
            let port = config.ports.of(*label);
            with_context(
                &format!("cannot serve {} on port {port}", label.name()),
                &error,
            )
        }),
        Server::Remote => Ok(Served {
            base: Some(BaseUrl::remote()),
            by: ServedBy::Unlabelled,
        }),
        Server::Custom(base) => Ok(Served {
            base: Some(base.clone()),
            by: ServedBy::Unlabelled,
        }),
        Server::Listed => Ok(Served {
            base: None,
            by: ServedBy::Unlabelled,
        }),
    }
}

/// Adds what was attempted to an error. Alone, "Resource temporarily unavailable" does not say which resource.
fn with_context(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
