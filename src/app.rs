//! One whole run, from the arguments to the exit code. Everything that is printed is printed from here.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::app::ending::Ending;
use crate::cause::with_causes;
use crate::cli::{Config, ReportTo, Stop};
use crate::exit::Exit;
use crate::export::{Format, Images};
use crate::job::Job;
use crate::output::{Output, complain};
use crate::progress::Progress;
use crate::record::Record;
use crate::report;
use crate::results::{Results, RunFacts, RunResults};
use crate::run::descriptors::{self, Descriptors, TooFew};
use crate::run::embedded::{self, Served, ServedBy};
use crate::run::resources;
use crate::run::signals::{Signal, Signals};
use crate::save::{self, SaveError};
use crate::server::{BaseUrl, Server};
use crate::tally::Tally;

mod comparison;
mod ending;

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

/// What else there is to know, on standard error, unless silence was asked for.
struct Notices {
    quiet: bool,
}

impl Notices {
    fn of(config: &Config) -> Self {
        Self {
            quiet: config.quiet || config.one_of_several,
        }
    }

    fn tell(&self, text: &str) {
        if !self.quiet {
            complain(text);
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

fn run(
    config: &Config,
    stop: CancellationToken,
    out: &mut Output<impl Write>,
) -> Result<Exit, NoRun> {
    let descriptors = descriptors::available()?;
    prepare(config)?;
    let signals = Signals::watch(stop.clone())
        .map_err(|error| in_words("cannot watch for signals", &error))?;
    let served = find_server(config)?;
    if let Some(compare) = &config.compare {
        return comparison::run(config, compare, &served, descriptors, &signals, stop, out);
    }
    let embedded = served.by.this_run();
    let connections =
        descriptors::connections(config.connections, config.strategy, embedded, descriptors);

    let job = Arc::new(Job {
        limits: config.limits,
        retries: config.retries,
        skip_existing: config.skip_existing,
        stop,
        ..Job::new(
            config.codes.clone(),
            served.base.clone(),
            config.dest.clone(),
        )
    });
    announce(config, &job, &served.by, connections, descriptors, out);
    let done = download(config, &job, connections, out);
    signals.run_is_over();
    let signal = signals.caught();
    conclude(config, &job, &done, embedded, out);

    let mut written = true;
    if !config.reports.is_empty() {
        let facts = RunFacts {
            strategy: config.strategy,
            job: &job,
            server: config.server.name(),
            embedded,
            connections: connections.get(),
            started: done.started,
            began: done.began,
            elapsed: done.elapsed,
            ended_by: signal.map(Signal::name),
            resources: resources::of_this_process(),
            seen_by_server: served.by.seen(),
        };
        let run = RunResults::new(&facts, &done.tally, &done.records);
        written = write_reports(config, &Results::new(vec![run]), out);
    }
    let tally = &done.tally;
    let ending = Ending {
        signal: signal.map(Exit::from),
        output: out.exit(),
        local: job.disk_full.is_cancelled() || !written,
        incomplete: tally.errors() + tally.not_attempted() > 0,
        missing: config.fail_on_not_found && tally.not_found() > 0,
    };
    Ok(ending.exit())
}

/// What is about to be done, and with what.
fn announce(
    config: &Config,
    job: &Job,
    by: &ServedBy,
    connections: NonZeroUsize,
    descriptors: Option<Descriptors>,
    out: &mut Output<impl Write>,
) {
    let notices = Notices::of(config);
    if config.one_of_several && config.verbose {
        complain(&report::one_of_several(config.strategy, connections));
    }
    if let Some(notice) = report::served_by(&config.server, config.ports, by) {
        notices.tell(&notice);
    }
    if let Some(few) = descriptors.filter(|_| connections < config.connections) {
        let wanted = config.connections;
        notices.tell(&report::fewer_connections(wanted, connections, few));
    }
    if config.prints_text() {
        let name = config.server.name();
        out.print(&report::initial(name, &job.base, &job.codes, connections));
    }
}

/// What came of it.
fn conclude(config: &Config, job: &Job, done: &Done, embedded: bool, out: &mut Output<impl Write>) {
    let (tally, notices) = (&done.tally, Notices::of(config));
    if !config.verbose {
        notices.tell(&report::failures(tally));
    }
    if job.disk_full.is_cancelled() {
        complain(&report::disk_full(tally, &job.dest));
    }
    if config.prints_text() {
        out.print(&report::final_(tally, done.elapsed));
    }
    let doubt = report::nothing_found(tally, &job.base).filter(|_| !embedded);
    let saved = report::saved_in(tally, &job.dest);
    for notice in [doubt, saved].into_iter().flatten() {
        notices.tell(&notice);
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

/// What came of the downloads of a run.
struct Done {
    tally: Tally,
    records: Vec<Record>,
    started: SystemTime,
    began: Instant,
    elapsed: Duration,
}

/// Downloads it all, and shows how it goes.
fn download(
    config: &Config,
    job: &Arc<Job>,
    connections: NonZeroUsize,
    out: &mut Output<impl Write>,
) -> Done {
    let progress = if config.verbose || config.quiet {
        Progress::none()
    } else {
        Progress::bar(config.strategy, job)
    };
    let mut done = Done {
        tally: Tally::new(&job.codes),
        records: Vec::new(),
        started: SystemTime::now(),
        began: Instant::now(),
        elapsed: Duration::ZERO,
    };
    let ran = config
        .strategy
        .run(job, connections, &mut |record: Record| {
            // To the last record, and not to the end of the last thread.
            done.elapsed = done.began.elapsed();
            match report::line(&record).filter(|_| config.verbose) {
                Some(line) if config.prints_text() => out.print(&line),
                Some(line) => complain(&line),
                None => {}
            }
            done.tally.add(&record);
            progress.show(&done.tally);
            if !config.reports.is_empty() {
                done.records.push(record);
            }
        });
    progress.finish();
    done.tally.close();
    if let Err(error) = ran {
        let strategy = config.strategy;
        complain(&format!(
            "*** Error: cannot go on with {strategy}: {}\n",
            with_causes(&error)
        ));
    }
    done
}

/// Writes the reports for programs; whether that could be done.
fn write_reports(config: &Config, results: &Results, out: &mut Output<impl Write>) -> bool {
    let mut written = true;
    let shows_images =
        |report: &ReportTo| matches!(report, ReportTo::File(_, format) if format.shows_images());
    let images = if config.reports.iter().any(shows_images) {
        Images::read(results)
    } else {
        Images::default()
    };
    for report in &config.reports {
        match report {
            ReportTo::StandardOutput => out.print(&Format::Json.text(results, &images)),
            ReportTo::File(path, format) => {
                let text = format.text(results, &images);
                if let Err(error) = save::replace_file(path, text.as_bytes()) {
                    complain(&format!("*** Error: {}\n", with_causes(&error)));
                    written = false;
                }
            }
        }
    }
    written
}

/// The server of the run; one that is ours lives as long as what is returned.
fn find_server(config: &Config) -> io::Result<Served> {
    match &config.server {
        Server::Labelled(label) => embedded::serve(*label, config.ports).map_err(|error| {
            let port = config.ports.of(*label);
            in_words(
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
fn in_words(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
