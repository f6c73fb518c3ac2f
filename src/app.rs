//! One whole run, from the arguments to the exit code. Everything that is printed is printed from here.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::cli::{Config, Stop};
use crate::exit::Exit;
use crate::job::Job;
use crate::progress::Progress;
use crate::record::Record;
use crate::report;
use crate::run::embedded::{self, Served, ServedBy};
use crate::run::signals::Signals;
use crate::save;
use crate::server::{BaseUrl, Server};
use crate::tally::Tally;

/// Does what the arguments say, the name of the program first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let stop = CancellationToken::new();
    let mut out = Output::new(io::stdout().lock(), stop.clone());
    let config = match Config::from_args(args) {
        Ok(config) => config,
        Err(Stop::Answer(text)) => {
            out.print(&text);
            return out.exit().unwrap_or(Exit::Success);
        }
        Err(Stop::Usage(text)) => {
            complain(&text);
            return Exit::Usage;
        }
    };
    match run(&config, stop, &mut out) {
        Ok(exit) => exit,
        Err(failure) => {
            complain(&format!("*** Error: {}\n", with_causes(&*failure.error)));
            failure.exit
        }
    }
}

/// Why there was no run.
struct NoRun {
    error: Box<dyn Error>,
    exit: Exit,
}

impl From<io::Error> for NoRun {
    fn from(error: io::Error) -> Self {
        Self {
            error: error.into(),
            exit: Exit::Errors,
        }
    }
}

fn run(
    config: &Config,
    stop: CancellationToken,
    out: &mut Output<impl Write>,
) -> Result<Exit, NoRun> {
    let notices = Notices {
        quiet: config.quiet,
    };
    // A thousand connections need more descriptors than most systems give unasked.
    test_server::raise_descriptor_limit();
    save::prepare_folder(&config.dest).map_err(|error| NoRun {
        error: error.into(),
        exit: Exit::Local,
    })?;
    let signals = Signals::watch(stop.clone())?;
    let Served { base, by } = find_server(config)?;
    if let Some(notice) = report::served_by(&config.server, config.ports, &by) {
        notices.tell(&notice);
    }

    let job = Arc::new(Job {
        codes: config.codes.clone(),
        base,
        dest: config.dest.clone(),
        timeout: config.timeout,
        stop,
    });
    out.print(&report::initial(
        config.server.name(),
        &job.base,
        &job.codes,
        config.connections,
    ));

    let mut tally = Tally::new(&job.codes);
    let progress = if config.verbose || config.quiet {
        Progress::none()
    } else {
        Progress::bar(config.strategy, job.codes.len())
    };
    let started = Instant::now();
    let mut elapsed = Duration::ZERO;
    let ran = config
        .strategy
        .run(&job, config.connections, &mut |record: Record| {
            // To the last record, and not to the end of the last thread.
            elapsed = started.elapsed();
            if let Some(line) = report::line(&record).filter(|_| config.verbose) {
                out.print(&line);
            }
            tally.add(&record);
            progress.show(&tally);
        });
    progress.finish();
    tally.close();

    if let Err(error) = ran {
        complain(&format!("*** Error: {}\n", with_causes(&error)));
    }
    if !config.verbose {
        notices.tell(&report::failures(&tally));
    }
    out.print(&report::final_(&tally, elapsed));
    let doubt = report::nothing_found(&tally, &job.base).filter(|_| !by.this_run());
    for notice in [doubt, report::saved_in(&tally, &job.dest)]
        .into_iter()
        .flatten()
    {
        notices.tell(&notice);
    }
    Ok(exit_of(
        &tally,
        signals.caught().map(Exit::from),
        out.exit(),
    ))
}

/// The server of the run; one that is ours lives as long as what is returned.
fn find_server(config: &Config) -> io::Result<Served> {
    match &config.server {
        Server::Labelled(label) => embedded::serve(*label, config.ports).map_err(|error| {
            let port = config.ports.of(*label);
            let message = format!("cannot serve {} on port {port}: {error}", label.name());
            io::Error::new(error.kind(), message)
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

/// Precedence: a signal, a closed pipe, a full disk behind standard output, errors.
fn exit_of(tally: &Tally, signal: Option<Exit>, output: Option<Exit>) -> Exit {
    let incomplete = tally.errors() + tally.not_attempted() > 0;
    let by_tally = if incomplete {
        Exit::Errors
    } else {
        Exit::Success
    };
    signal.or(output).unwrap_or(by_tally)
}

/// Standard output. Once a write fails nothing more is written, and the run is stopped: nobody would learn of the rest.
struct Output<W> {
    to: W,
    failed: Option<io::ErrorKind>,
    stop: CancellationToken,
}

impl<W: Write> Output<W> {
    fn new(to: W, stop: CancellationToken) -> Self {
        Self {
            to,
            failed: None,
            stop,
        }
    }

    fn print(&mut self, text: &str) {
        if self.failed.is_some() {
            return;
        }
        let written = self
            .to
            .write_all(text.as_bytes())
            .and_then(|()| self.to.flush());
        if let Err(error) = written {
            self.failed = Some(error.kind());
            self.stop.cancel();
            // Whoever closed the pipe knows; a full disk is news.
            if error.kind() != io::ErrorKind::BrokenPipe {
                complain(&format!(
                    "*** Error: cannot write to standard output: {error}\n"
                ));
            }
        }
    }

    fn exit(&self) -> Option<Exit> {
        self.failed.map(|kind| match kind {
            io::ErrorKind::BrokenPipe => Exit::ClosedPipe,
            _ => Exit::Local,
        })
    }
}

/// What else there is to know, on standard error, unless silence was asked for.
struct Notices {
    quiet: bool,
}

impl Notices {
    fn tell(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }
}

/// On standard error. If that is closed or full there is nobody left to tell.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// An error and what is behind it, in one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::Selection;
    use crate::record::{Failure, Kind, Outcome};

    #[test]
    fn the_most_pressing_reason_gives_the_exit_code() {
        let codes = Selection::Words(&["br"]).codes().unwrap();
        let tally = |outcome| {
            let mut tally = Tally::new(&codes);
            tally.add(&Record::new(codes[0], outcome));
            tally
        };
        let error = || tally(Outcome::Failed(Failure::new(Kind::Timeout, "")));
        let (signal, pipe) = (Some(Exit::Interrupted), Some(Exit::ClosedPipe));
        assert_eq!(
            exit_of(&tally(Outcome::NotFound), None, None),
            Exit::Success
        );
        assert_eq!(exit_of(&error(), None, None), Exit::Errors);
        assert_eq!(
            exit_of(&tally(Outcome::NotAttempted), None, None),
            Exit::Errors
        );
        assert_eq!(exit_of(&error(), None, Some(Exit::Local)), Exit::Local);
        assert_eq!(exit_of(&error(), None, pipe), Exit::ClosedPipe);
        assert_eq!(exit_of(&error(), signal, pipe), Exit::Interrupted);
    }
}
