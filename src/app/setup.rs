//! What every run and every comparison begins with: folders that can be written, and a server.

use std::error::Error;
use std::io;

use tokio_util::sync::CancellationToken;

use crate::app::exit::Exit;
use crate::cli::{Config, Mode, ReportTo};
use crate::console::output::complain;
use crate::download::cause::error_chain;
use crate::download::save::{self, SaveError};
use crate::run::descriptors::{self, Descriptors, TooFew};
use crate::run::embedded::{self, Served, ServedBy};
use crate::run::signals::Signals;
use crate::server::{BaseUrl, Server};

/// What else there is to know, on standard error, unless silence was asked for.
pub(super) struct Notices {
    quiet: bool,
}

impl Notices {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            quiet: config.quiet || matches!(config.mode, Mode::ComparedRun(_)),
        }
    }

    pub(super) fn print(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }
}

/// What surrounds a run or a comparison.
pub(super) struct Setup {
    /// The server; one that is ours lives as long as this.
    pub(super) served: Served,
    /// The files that may be open, where there is a limit.
    pub(super) descriptors: Option<Descriptors>,
    /// The watch for signals, which cancels `stop`.
    pub(super) signals: Signals,
    /// Once cancelled, everything ends in order.
    pub(super) stop: CancellationToken,
}

impl Setup {
    /// Prepares the folders, and finds the server or starts it.
    pub(super) fn new(config: &Config, stop: CancellationToken) -> Result<Self, NoRun> {
        let descriptors = descriptors::available()?;
        prepare(config)?;
        let signals = Signals::watch(stop.clone())
            .map_err(|error| with_context("cannot watch for signals", &error))?;
        Ok(Self {
            served: find_server(config)?,
            descriptors,
            signals,
            stop,
        })
    }
}

/// Why there was no run.
pub(super) struct NoRun {
    error: Box<dyn Error>,
    exit: Exit,
}

impl NoRun {
    /// Prints the error, and returns the exit code.
    pub(super) fn print(self) -> Exit {
        complain(&format!("*** Error: {}\n", error_chain(&*self.error)));
        self.exit
    }
}

impl From<io::Error> for NoRun {
    fn from(error: io::Error) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Errors,
        }
    }
}

impl From<TooFew> for NoRun {
    fn from(error: TooFew) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Errors,
        }
    }
}

impl From<SaveError> for NoRun {
    fn from(error: SaveError) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Local,
        }
    }
}

/// Whatever is to be written can be, as far as that can be known before the first request.
fn prepare(config: &Config) -> Result<(), SaveError> {
    save::prepare_folder(&config.dest)?;
    for report in &config.reports {
        if let ReportTo::File(path, _) = report {
            save::prepare_file(path)?;
        }
    }
    Ok(())
}

/// The server of the run; one that is ours lives as long as what is returned.
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
            base: BaseUrl::remote(),
            by: ServedBy::Site,
        }),
        Server::Custom(base) => Ok(Served {
            base: base.clone(),
            by: ServedBy::Site,
        }),
    }
}

/// "Resource temporarily unavailable" does not say which.
fn with_context(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
