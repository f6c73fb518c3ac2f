//! One run from the first notice to the exit code: downloads the flags, shows the progress, and reports the results.

use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use program::{
    Ending, Exit, Output, Resources, Signal, Stream, error_chain, print_error, print_stderr,
};

#[cfg(feature = "nats")]
use crate::app::cluster;
use crate::app::files::Reports;
use crate::app::requested::{Reading, Requested};
use crate::app::setup::{FatalError, Notices, Setup};
use crate::cli::{Config, Mode, ReportTo, Series};
use crate::compare::{End, Handover};
use crate::console::colors::Colors;
use crate::console::failures::failures;
use crate::console::figures::Figures;
use crate::console::lines::Announced;
use crate::console::progress::{Display, Progress, Subject, Title};
use crate::console::{compared, lines, notices};
use crate::item::Item;
use crate::job::{Job, Traffic};
use crate::record::{Outcome, Record};
use crate::report::{Format, RunEnd, RunFacts, RunReport};
#[cfg(feature = "nats")]
use crate::run::cluster::Workers;
use crate::run::descriptors;
use crate::run::embedded::Served;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// Downloads the flags with the strategy of `wanted`, over as many of its connections as there are descriptors for.
///
/// Blocks until the run has ended and its reports are written.
pub(super) fn run(
    config: &Config,
    wanted: Series,
    skip_existing: bool,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Exit {
    let Series {
        strategy,
        connections,
    } = wanted;
    let (base, embedded) = (&setup.served.base, setup.served.by.this_run());
    let each = strategy.descriptors_per_connection()
        + match &config.list {
            Some(list) if list.naming.keeps_paths => strategy.descriptors_for_subfolders(),
            Some(_) | None => 0,
        };
    let series = Series {
        strategy,
        connections: descriptors::connections(connections, each, embedded, setup.descriptors),
    };
    let job = Arc::new(Job {
        limits: config.limits,
        retries: config.retries,
        skip_existing,
        fsync: config.fsync,
        allow_unframed: config.allow_unframed,
        http: Arc::clone(&config.http),
        traffic: Traffic::new(config.traffic),
        partials: setup.partials.iter().copied().collect(),
        stop: setup.stop.child_token(),
        ..Job::new(config.dest.clone())
    });
    #[cfg(feature = "nats")]
    let workers = match cluster::workers(config) {
        Ok(workers) => workers,
        Err(exit) => return exit,
    };
    let requested = match Requested::new(config, base.as_ref(), &job.stop) {
        Ok(requested) => requested,
        Err(error) => return FatalError::from(error).print(),
    };
    let reports = match Reports::begin(config) {
        Ok(reports) => reports,
        Err(error) => return FatalError::from(error).print(),
    };
    print_start(config, wanted, series, &requested.announced, setup, out);
    let facts = RunFacts {
        strategy,
        url: base.as_ref().map_or_else(String::new, ToString::to_string),
        input: config.list.as_ref(),
        job: &job,
        server: config.server.name(),
        embedded,
        connections: series.connections.get(),
        max_time: config.max_time,
        started: SystemTime::now(),
        began: Instant::now(),
    };
    let list = requested.reading();
    let run = Run {
        series,
        job: &job,
        #[cfg(feature = "nats")]
        workers,
    };
    let results = download(config, run, requested.items, reports, &facts, out);
    setup.signals.run_is_over();
    // Read now: printing and writing may take until a signal arrives or the time is over.
    let asked = results.tally.asked();
    let ended = EndedBy {
        signal: setup.signals.caught(),
        deadline: setup.deadline.passed(),
        list_is_read: list.is_complete() && config.asked().is_none_or(|count| asked >= count),
    };
    print_end(config, &job, &results, &setup.served, out);
    print_rest_of_list(config, &list, asked);
    let tally = results.tally.clone();
    let written = write_reports(config, &facts, results, setup, ended, out);
    let incomplete = tally.errors() + tally.not_attempted() > 0 || !ended.list_is_read;
    if incomplete {
        let report = written.then(|| json_report(config)).flatten();
        print_ended_early(config, ended, &tally, report);
    }
    let ending = Ending {
        signal: ended.signal,
        output: out.failed(),
        local: job.saving.impossible().is_some() || !written,
        incomplete,
        missing: config.fail_on_not_found && tally.not_found() > 0,
    };
    ending.exit()
}

/// What ended a run early, if anything.
#[derive(Debug, Clone, Copy)]
struct EndedBy {
    signal: Option<Signal>,
    /// The time limit of the run, if it was over by then.
    deadline: Option<Duration>,
    /// Whether the list was read to its end, as far as it was announced.
    list_is_read: bool,
}

/// Writes the reports, or hands the result of a compared run over. Returns whether all was written.
fn write_reports(
    config: &Config,
    facts: &RunFacts<'_>,
    mut results: Results,
    setup: &Setup,
    ended: EndedBy,
    out: &mut Output<impl Write>,
) -> bool {
    let end = RunEnd {
        elapsed: results.elapsed,
        ended_by: ended.signal,
        unread: !ended.list_is_read,
        resources: Resources::of_this_process(),
        seen_by_server: setup.served.by.seen(),
    };
    let records = results.reports.take_records();
    let report = RunReport::new(facts, end, &results.tally, records);
    match results.handover {
        None => results.reports.end(config, report, out),
        Some(handover) => {
            let end = End {
                report,
                was_stopped: setup.signals.was_stopped(),
                unsaved: facts.job.saving.impossible(),
            };
            handover.end(end, out);
            true
        }
    }
}

/// Says why the list of a run was not read as it was announced, if that is so.
fn print_rest_of_list(config: &Config, reading: &Reading, asked: usize) {
    let Some(list) = &config.list else { return };
    if let Some(error) = reading.error() {
        print_error(&notices::list_not_read(&list.file, error));
    } else if !reading.is_complete() {
        Notices::of(config).print(&notices::rest_of_list(&list.file));
    } else if let Some(announced) = config.asked().filter(|&announced| asked < announced) {
        print_error(&notices::list_is_shorter(&list.file, announced, asked));
    }
}

/// Says what ended an incomplete run, and how to go on. `report` is its report as JSON.
fn print_ended_early(config: &Config, ended: EndedBy, tally: &Tally, report: Option<&Path>) {
    if let Some(limit) = ended.deadline.filter(|_| ended.signal.is_none()) {
        let not_attempted = tally.not_attempted();
        print_stderr(&notices::out_of_time(limit, not_attempted, config.nouns()));
    }
    if ended.signal.is_some() || ended.deadline.is_some() {
        Notices::of(config).print(&notices::how_to_go_on(report, config.list.as_ref()));
    }
}

/// Returns the first report that `--failed` can read. That of a stream needs the list as well.
fn json_report(config: &Config) -> Option<&Path> {
    config.reports.iter().find_map(|to| match to {
        ReportTo::File(path, Format::Json | Format::JsonLines) => Some(path.as_path()),
        ReportTo::File(..) | ReportTo::StandardOutput => None,
    })
}

/// Prints what comes before the downloads: the server, the connections and the codes.
fn print_start(
    config: &Config,
    wanted: Series,
    series: Series,
    announced: &Announced,
    setup: &Setup,
    out: &mut Output<impl Write>,
) {
    let printer = Notices::of(config);
    let connections = series.connections;
    if matches!(config.mode, Mode::ComparedRun(_)) && config.verbose {
        print_stderr(&compared::compared_run(series.strategy, connections));
    }
    if let Some(notice) = notices::served_by(&config.server, config.ports, &setup.served.by) {
        printer.print(&notice);
    }
    if let Some(few) = setup
        .descriptors
        .filter(|_| connections < wanted.connections)
    {
        printer.print(&notices::fewer_connections(
            wanted.connections,
            connections,
            few,
        ));
    }
    if config.prints_text() {
        let base = setup.served.base.as_ref();
        let site = base.map(|base| (config.server.name(), base));
        let nouns = config.nouns();
        out.print(&lines::initial(site, announced, nouns, connections));
    }
}

/// Prints what comes after the downloads: the failures, the summary and where the flags are.
fn print_end(
    config: &Config,
    job: &Job,
    results: &Results,
    served: &Served,
    out: &mut Output<impl Write>,
) {
    let (tally, printer, nouns) = (&results.tally, Notices::of(config), config.nouns());
    if !config.verbose {
        printer.print(&failures(tally, nouns, Colors::new(config.color).err));
    }
    // Of a run of a comparison, the comparing process reports it, with its own folder.
    if let Some(why) = job
        .saving
        .impossible()
        .filter(|_| results.handover.is_none())
    {
        print_stderr(&notices::unsaved(why, tally, nouns, &job.dest));
    }
    if config.prints_text() {
        out.print(&lines::summary(tally, nouns, results.elapsed));
    }
    let found_none = tally.asked() > 1 && tally.not_found() == tally.asked();
    let doubt = notices::nothing_found(served).filter(|_| found_none);
    let figures = results.figures.line(results.elapsed);
    let saved = notices::saved_in(tally, nouns, &job.dest);
    for notice in [doubt, figures, saved].into_iter().flatten() {
        printer.print(&notice);
    }
}

/// The results of all downloads of a run.
struct Results {
    tally: Tally,
    figures: Figures,
    reports: Reports,
    /// What a run of a comparison tells the comparing process.
    handover: Option<Handover>,
    /// The time from the start to the last record.
    elapsed: Duration,
}

/// Shows the progress on standard error, unless that is not wanted. That of a run of a comparison is shown by the comparing
/// process.
fn start_progress(
    config: &Config,
    strategy: Strategy,
    job: &Arc<Job>,
    total: Option<usize>,
    colors: Colors,
) -> Progress {
    if config.verbose || config.quiet || matches!(config.mode, Mode::ComparedRun(_)) {
        return Progress::hidden();
    }
    let paused = {
        let job = Arc::clone(job);
        Box::new(move || job.traffic.pauses.is_on())
    };
    let progress = Progress::start(Display::of_stderr(), Stream::Error);
    progress.begin(Subject {
        title: Title::Run(strategy),
        total,
        colored: colors.err,
        paused,
    });
    progress
}

/// How the items of a run are downloaded.
struct Run<'a> {
    series: Series,
    job: &'a Arc<Job>,
    /// The workers that download ranges of them, if this process does not.
    #[cfg(feature = "nats")]
    workers: Option<Workers>,
}

/// Downloads all items and shows the progress. Blocks until all have ended.
fn download(
    config: &Config,
    run: Run<'_>,
    items: BoxStream<'_, Item>,
    reports: Reports,
    facts: &RunFacts<'_>,
    out: &mut Output<impl Write>,
) -> Results {
    let Series {
        strategy,
        connections,
    } = run.series;
    let job = run.job;
    let colors = Colors::new(config.color);
    let progress = start_progress(config, strategy, job, config.asked(), colors);
    reports.start(facts);
    let mut results = Results {
        tally: Tally::default(),
        figures: Figures::new(),
        reports,
        handover: matches!(config.mode, Mode::ComparedRun(_)).then(Handover::new),
        elapsed: Duration::ZERO,
    };
    // The strategy takes an item from the stream while no record is passed on.
    let tally = RefCell::new(Tally::default());
    let mut items = pin!(items.inspect(|item| tally.borrow_mut().ask(item)));
    let mut note = |record: Record| {
        // Measured at the last record: joining the last thread must not count.
        results.elapsed = facts.began.elapsed();
        match lines::line(&record).filter(|_| config.verbose) {
            Some(line) if config.prints_text() => {
                out.print(&lines::paint(line, &record, colors.out))
            }
            Some(line) => print_stderr(&lines::paint(line, &record, colors.err)),
            None => {}
        }
        let mut tally = tally.borrow_mut();
        tally.add(&record);
        results.figures.add(&record);
        progress.show(tally.counts());
        if let Some(handover) = &mut results.handover {
            handover.show(&tally, out);
        }
        results.reports.add(facts, record);
    };
    #[cfg_attr(not(feature = "nats"), expect(unused_mut, reason = "or workers"))]
    let mut executor = strategy.name();
    #[cfg(feature = "nats")]
    let ran = match run.workers {
        Some(workers) => {
            executor = "nats";
            let items = items.as_mut();
            let count = config.asked();
            workers.run(job, items, (strategy, connections), count, &mut note)
        }
        None => strategy.run(job, items.as_mut(), connections, &mut note),
    };
    #[cfg(not(feature = "nats"))]
    let ran = strategy.run(job, items.as_mut(), connections, &mut note);
    if let Err(error) = ran {
        let cause = error_chain(&error);
        print_error(&format!("cannot go on with {executor}: {cause}"));
        note_rest(job, items, &mut note);
    }
    drop(progress);
    results.tally = tally.into_inner();
    if let Some(count) = config.asked().filter(|_| job.stop.is_cancelled()) {
        let untaken = count.saturating_sub(results.tally.asked());
        results.tally.ask_untaken(untaken);
    }
    results.tally.close();
    results
}

/// Notes the items that a strategy has left as not attempted.
fn note_rest(
    job: &Job,
    mut items: Pin<&mut impl stream::Stream<Item = Item>>,
    note: &mut dyn FnMut(Record),
) {
    // The rest of a stream may never come.
    job.stop.cancel();
    while let Some(Some(item)) = items.next().now_or_never() {
        note(Record::new(item, Outcome::NotAttempted));
    }
}
