//! A comparison from the first notice to the exit code: prints the site, the runs, the table, the differences and the errors.

use std::io::Write;
use std::time::Duration;

use program::{Ending, Exit, Output, Stream, print_error, print_stderr};

use crate::app::files;
use crate::app::requested::announced;
use crate::app::setup::{Notices, Setup};
use crate::cli::{Compare, Config};
use crate::compare::{self, Begin, Compared, Event};
use crate::console::colors::Colors;
use crate::console::failures::failures_of_runs;
use crate::console::lines::Announced;
use crate::console::progress::{Display, Position, Progress, Subject, Title};
use crate::console::{compared, lines, notices};
use crate::report::{RunReport, side_by_side};

/// A comparison at least this long says so when the time is known only after its first round.
const LONG: Duration = Duration::from_secs(5);

/// Runs the series of `compare` and shows them side by side. Blocks until all have ended.
pub(super) fn run(
    config: &Config,
    compare: &Compare,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Exit {
    let Setup {
        served,
        signals,
        stop,
        ..
    } = setup;
    let compare = &print_start(config, compare, setup, out);
    let mut shown = Shown::new(config, compare);
    let compared = compare::run(config, compare, served, signals, stop, &mut |event| {
        shown.note(event);
    });
    drop(shown);
    signals.run_is_over();
    // Read now: printing and writing may take until the time is over.
    let is_incomplete = compared.finished < compared.planned;
    let out_of_time = setup.deadline.passed().filter(|_| is_incomplete);
    print_end(config, setup, &compared, out_of_time);

    let side_by_side = side_by_side(&compared.report);
    if config.prints_text() {
        out.print(&comparison::table(&side_by_side));
    }
    let differ = !comparison::differences(&side_by_side).is_empty();
    // The reports make their own: with very many records, two would take much memory.
    drop(side_by_side);
    let runs = &compared.report.runs;
    let found_none =
        |run: &RunReport| run.totals.asked > 1 && run.totals.not_found == run.totals.asked;
    if !runs.is_empty() && runs.iter().all(found_none) {
        let doubt = notices::nothing_found(served);
        doubt
            .iter()
            .for_each(|notice| Notices::of(config).print(notice));
    }
    let written = files::write(config, &compared.report, out);
    let totals = || runs.iter().map(|run| &run.totals);
    let ending = Ending {
        signal: signals.caught(),
        output: out.failed(),
        local: !written || compared.cannot_save,
        incomplete: !compared.errors.is_empty()
            || out_of_time.is_some()
            || differ
            || totals().any(|totals| totals.error + totals.not_attempted > 0),
        missing: config.fail_on_not_found && totals().any(|totals| totals.not_found > 0),
    };
    ending.exit()
}

/// Prints what comes before the runs: the server, the codes and the connections. Returns the comparison with limits for which
/// there are enough descriptors.
fn print_start(
    config: &Config,
    compare: &Compare,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Compare {
    let (served, printer) = (&setup.served, Notices::of(config));
    if let Some(notice) = notices::served_by(&config.server, config.ports, &served.by) {
        printer.print(&notice);
    }
    if config.prints_text() {
        let name = config.server.name();
        let site = served.base.as_ref().map(|base| (name, base));
        let contents = config.list.as_ref().and_then(|list| list.contents.as_ref());
        let announced = contents.map_or_else(|| Announced::of(&config.codes), announced);
        out.print(&lines::searching(site, &announced, config.nouns()));
    }
    let wanted = compare::highest_limit(compare);
    let compare = compare::within_descriptors(compare, setup.descriptors);
    let used = compare::highest_limit(&compare);
    if let Some(few) = setup.descriptors.filter(|_| used < wanted) {
        printer.print(&notices::fewer_connections(wanted, used, few));
    }
    compare
}

/// Prints what comes between the runs and the table: the state of the server, the failures, and what ended early.
fn print_end(config: &Config, setup: &Setup, compared: &Compared, out_of_time: Option<Duration>) {
    let printer = Notices::of(config);
    let runs = &compared.report.runs;
    let state = compared.report.comparison.as_ref().map(|of| of.server);
    if let Some(notice) = state.and_then(compared::server_state) {
        printer.print(notice);
    }
    if !config.verbose {
        let colored = Colors::new(config.color).err;
        printer.print(&failures_of_runs(runs, config.nouns(), colored));
    }
    for error in &compared.errors {
        print_error(&error.to_string());
    }
    let (finished, planned) = (compared.finished, compared.planned);
    let signal = setup.signals.caught();
    if let Some(limit) = out_of_time.filter(|_| signal.is_none()) {
        print_stderr(&compared::out_of_time(limit, finished, planned));
    } else if signal.is_some() || compared.cannot_save {
        print_stderr(&compared::stopped_early(finished, planned));
    } else if !setup.stop.is_cancelled() {
        print_ended_by_signal(runs);
    }
}

/// Prints the runs that a signal from another program ended.
fn print_ended_by_signal(runs: &[RunReport]) {
    for run in runs {
        if let Some(signal) = &run.ended_by {
            let (strategy, signal) = (run.strategy, signal.name());
            print_error(&format!("{strategy} was ended by {signal}"));
        }
    }
}

/// What the user sees of the runs while they are made.
struct Shown<'c> {
    config: &'c Config,
    progress: Progress,
    colored: bool,
    /// Whether the number of runs is fixed, and not decided by their noise.
    is_fixed: bool,
    /// Whether the user knows how long it takes.
    is_announced: bool,
    /// The current run.
    current: Option<Begin>,
}

impl<'c> Shown<'c> {
    fn new(config: &'c Config, compare: &Compare) -> Self {
        Self {
            config,
            progress: match config.verbose || config.quiet {
                true => Progress::hidden(),
                false => Progress::start(Display::of_stderr(), Stream::Error),
            },
            colored: Colors::new(config.color).err,
            is_fixed: compare.rounds.is_some(),
            is_announced: false,
            current: None,
        }
    }

    fn note(&mut self, event: Event<'_>) {
        match event {
            Event::Begin(begin) => {
                self.announce(&begin);
                self.show(begin);
            }
            Event::Counts(counts) => self.progress.show(counts),
            Event::Line(line) => self.progress.print(&line),
            Event::Again => {
                self.print_notice(compared::AGAIN);
                self.current.into_iter().for_each(|run| self.show(run));
            }
            Event::End(run) => {
                let current = self.current.map(|begin| (begin.number, begin.of));
                let line = current.and_then(|(number, of)| compared::ended(number, of, run));
                line.iter().for_each(|line| self.print_notice(line));
            }
        }
    }

    /// Shows the progress of a run that begins.
    fn show(&mut self, begin: Begin) {
        self.current = Some(begin);
        let series = begin.series;
        self.progress.begin(Subject {
            title: Title::Compared(Position {
                number: begin.number,
                of: begin.of,
                series: compared::series(series.strategy, series.connections),
                left: begin.left,
            }),
            total: self.config.asked(),
            colored: self.colored,
            // Only the process of the run knows.
            paused: Box::new(|| false),
        });
    }

    /// Says how many runs there are and how long they take: before the first one if possible, and otherwise after the first
    /// round, if it takes long.
    fn announce(&mut self, begin: &Begin) {
        let is_first = begin.number == 1;
        let is_known = begin.left.is_some();
        let is_long = begin.left.is_some_and(|left| left >= LONG);
        if is_first && (self.is_fixed || is_known) {
            self.print_notice(&compared::planned(begin.of, begin.left));
        } else if is_known && is_long && !self.is_announced {
            self.print_notice(&compared::remaining(
                begin.of - begin.number + 1,
                begin.left,
            ));
        }
        self.is_announced |= is_known;
    }

    fn print_notice(&self, text: &str) {
        if !self.config.quiet {
            self.progress.print(text);
        }
    }
}
