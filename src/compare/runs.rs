//! The runs of a comparison, one after another.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use comparison::{Next, Schedule, lower_bound};
use program::{Signals, sync_folder};
use tokio_util::sync::CancellationToken;

use crate::cli::{Compare, Config, Series};
use crate::compare::child::{Child, Update};
use crate::compare::counters::Counters;
use crate::compare::flags::move_flags;
use crate::compare::handover::End;
use crate::console::notices::unsaved_cause;
use crate::download::save::FILES;
use crate::report::{ComparisonSettings, Report, RunReport, Unfinished, with_statistics};
use crate::run::embedded::Served;
use crate::tally::Counts;

/// How often a run is made that is stopped and continued, by Ctrl-Z, each time.
const MAX_TRIES: usize = 5;

/// The result of a comparison.
#[derive(Debug)]
pub(crate) struct Compared {
    /// The counted runs that ended with a report, in order. A run that a signal ended early is among them.
    pub(crate) report: Report,
    /// The errors of the runs that ended without a report.
    pub(crate) errors: Vec<io::Error>,
    /// The number of runs that ended in order, with warm-up.
    pub(crate) finished: usize,
    /// The number of runs that the comparison would have had, with warm-up, as far as is known.
    pub(crate) planned: usize,
    /// Whether it ended early because flags cannot be saved: the disk is full, or the folder is gone.
    pub(crate) cannot_save: bool,
}

/// What happens during a comparison.
#[derive(Debug)]
pub(crate) enum Event<'e> {
    /// A run begins.
    Begin(Begin),
    /// The counts of the run so far.
    Counts(Counts),
    /// A line of the run for standard error, with its line break.
    Line(String),
    /// The process of the run was stopped and continued, so the run is made again.
    Again,
    /// The run has ended with a report.
    End(&'e RunReport),
}

/// A run that begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin {
    /// The number of the run, from 1. Warm-up runs count.
    pub(crate) number: usize,
    /// The number of runs, as far as is known.
    pub(crate) of: usize,
    /// The strategy and the connection limit.
    pub(crate) series: Series,
    /// About how long this run and those after it take, if known.
    pub(crate) left: Option<Duration>,
}

/// Makes the runs of the comparison, in the order of a [`Schedule`]. Calls `notify` for all that happens.
///
/// Blocks until all runs have ended. When `stop` is cancelled, the current run is stopped early, and no other starts.
/// The flags of each run are moved to the folder of `config`, where they replace those of the run before.
pub(crate) fn run(
    config: &Config,
    compare: &Compare,
    served: &Served,
    signals: &Signals,
    stop: &CancellationToken,
    notify: &mut dyn FnMut(Event<'_>),
) -> Compared {
    let environment = Environment {
        config,
        served,
        counters: Counters::new(served, config, stop),
        signals,
        stop,
    };
    let mut schedule = Schedule::new(compare.series.len(), compare.warmup, compare.rounds);
    expect_delays(&mut schedule, compare, config, served);
    let mut done = Done::default();
    while let Some(next) = schedule.next_run() {
        // Without codes, the process of a run would download the default ones.
        if stop.is_cancelled() || config.asked() == Some(0) || done.cannot_save {
            done.planned = done.planned.max(done.begun + 1 + schedule.runs_left());
            break;
        }
        let series = compare.series[next.series];
        done.begun += 1;
        done.planned = done.begun + schedule.runs_left();
        notify(Event::Begin(Begin {
            number: done.begun,
            of: done.planned,
            series,
            left: schedule.left_ms().and_then(time),
        }));
        let began = Instant::now();
        let made = environment.make_run(series, notify);
        if let Some(elapsed_ms) = done.note(made, next, notify) {
            schedule.add(next, elapsed_ms, began.elapsed().as_secs_f64() * 1000.0);
        }
        if done.outcomes_differ && compare.rounds.is_none() {
            schedule.repeat_no_more();
        }
    }
    let unfinished = (done.finished < done.planned).then_some(Unfinished {
        finished: done.finished,
        planned: done.planned,
    });
    let (runs, rounds) = with_rounds(done.runs, compare.rounds);
    let comparison = ComparisonSettings {
        rounds,
        warmup: compare.warmup,
        server: environment.counters.state(),
        series: Vec::new(),
        conclusion: None,
        unfinished: unfinished.filter(|_| done.cannot_save || stop.is_cancelled()),
    };
    Compared {
        report: with_statistics(Report::new(runs), comparison),
        errors: done.errors,
        finished: done.finished,
        planned: done.planned,
        cannot_save: done.cannot_save,
    }
}

/// Expects each run to take at least what an embedded server delays its answers.
fn expect_delays(schedule: &mut Schedule, compare: &Compare, config: &Config, served: &Served) {
    let codes = config.codes.iter();
    let delays: Vec<_> = codes
        .map(|code| served.by.delay_of(*code).as_secs_f64() * 1000.0)
        .collect();
    if delays.iter().sum::<f64>() == 0.0 {
        return;
    }
    for (i, series) in compare.series.iter().enumerate() {
        let expected_ms = lower_bound(delays.clone(), series.connections.get());
        schedule.expect(i, expected_ms);
    }
}

fn time(ms: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(ms / 1000.0).ok()
}

/// Returns the runs with the numbers of their rounds, if there were several, and the number of rounds.
fn with_rounds(mut runs: Vec<RunReport>, wanted: Option<u32>) -> (Vec<RunReport>, u32) {
    let rounds = runs.iter().filter_map(|run| run.round).max().unwrap_or(1);
    if rounds == 1 && wanted.is_none_or(|rounds| rounds == 1) {
        // The only round needs no number.
        runs.iter_mut().for_each(|run| run.round = None);
    }
    (runs, wanted.unwrap_or(rounds))
}

/// What the comparison has so far.
#[derive(Default)]
struct Done {
    runs: Vec<RunReport>,
    errors: Vec<io::Error>,
    /// The number of runs that have begun, with warm-up.
    begun: usize,
    /// The number of runs that ended in order, with warm-up.
    finished: usize,
    /// The number of runs, as far as was known when the last one began.
    planned: usize,
    /// Whether the outcomes of two runs of the first round differ. Then their times cannot be compared, however often the runs are
    /// repeated.
    outcomes_differ: bool,
    cannot_save: bool,
}

impl Done {
    /// Notes the result of a run. Returns its elapsed time if the run can be compared and repeated.
    fn note(&mut self, made: Made, next: Next, notify: &mut dyn FnMut(Event<'_>)) -> Option<f64> {
        let mut run = match made {
            Made::Run(run) => *run,
            Made::Interrupted => return None,
            Made::Failed(error) => {
                self.errors.push(error);
                return None;
            }
            Made::NotSaved(error) => {
                self.errors.push(error);
                self.cannot_save = true;
                return None;
            }
        };
        run.round = next.round;
        notify(Event::End(&run));
        self.finished += usize::from(run.ended_by.is_none());
        let outcomes = |of: &RunReport| (of.totals.ok, of.totals.not_found, of.totals.error);
        let first = self.runs.first().map(outcomes);
        self.outcomes_differ |=
            next.round == Some(1) && first.is_some_and(|first| first != outcomes(&run));
        // Without a single flag there is nothing to compare, however often it is repeated.
        let counts = run.ended_by.is_none() && run.totals.ok > 0;
        let elapsed_ms = counts.then_some(run.totals.elapsed_ms);
        if next.round.is_some() {
            self.runs.push(run);
        }
        elapsed_ms
    }
}

/// The result of one run.
enum Made {
    /// It ended with a report.
    Run(Box<RunReport>),
    /// A signal ended it before it could report.
    Interrupted,
    /// It ended without a report.
    Failed(io::Error),
    /// Its flags cannot be saved, and neither can those of other runs.
    NotSaved(io::Error),
}

/// What all runs share.
struct Environment<'e> {
    config: &'e Config,
    served: &'e Served,
    counters: Counters<'e>,
    signals: &'e Signals,
    stop: &'e CancellationToken,
}

impl Environment<'_> {
    /// Makes one run, again if its process was stopped meanwhile: its times would be wrong.
    fn make_run(&self, series: Series, notify: &mut dyn FnMut(Event<'_>)) -> Made {
        for _ in 1..MAX_TRIES {
            match self.try_run(series, notify) {
                Tried::Made(made) => return made,
                Tried::WasStopped => notify(Event::Again),
            }
        }
        match self.try_run(series, notify) {
            Tried::Made(made) => made,
            Tried::WasStopped => {
                let message = format!("{} was stopped in {MAX_TRIES} runs", series.strategy);
                Made::Failed(io::Error::other(message))
            }
        }
    }

    fn try_run(&self, series: Series, notify: &mut dyn FnMut(Event<'_>)) -> Tried {
        let dest = &self.config.dest;
        let folder = match FILES.temporary_folder(dest) {
            Ok(folder) => folder,
            Err(error) => return Tried::Made(Made::NotSaved(cannot_save(self.config, &error))),
        };
        let before = self.counters.before();
        let child = Child {
            config: self.config,
            base: self.served.base.as_ref(),
            series,
            dest: folder.path(),
        };
        let ended = child.run(self.stop, |update| match update {
            Update::Counts(counts) => notify(Event::Counts(counts)),
            Update::Line(line) => notify(Event::Line(line)),
            Update::End(_) => {}
        });
        let End {
            report: mut run,
            was_stopped,
            unsaved,
        } = match ended {
            Ok(Some(end)) => end,
            Ok(None) => return Tried::Made(Made::Interrupted),
            Err(error) => return Tried::Made(Made::Failed(error)),
        };
        if was_stopped && run.ended_by.is_none() {
            return Tried::WasStopped;
        }
        if let Some(why) = unsaved {
            let cause = unsaved_cause(why, dest);
            return Tried::Made(Made::NotSaved(io::Error::other(cause)));
        }
        run.seen_by_server = self.counters.since(before);
        self.apply_own_settings(&mut run);
        Tried::Made(self.save(run, folder.path()))
    }

    /// Moves the flags of a run to where they belong.
    fn save(&self, mut run: RunReport, folder: &Path) -> Made {
        let dest = &self.config.dest;
        let moved = move_flags(&mut run, folder, dest);
        let synced = moved.and_then(|()| match self.config.fsync {
            true => sync_folder(dest),
            false => Ok(()),
        });
        match synced {
            Ok(()) => Made::Run(Box::new(run)),
            Err(error) => Made::NotSaved(cannot_save(self.config, &error)),
        }
    }

    /// Corrects the settings that the process of a run cannot know.
    fn apply_own_settings(&self, run: &mut RunReport) {
        run.settings.server = self.config.server.name().to_owned();
        run.settings.embedded = self.served.by.this_run();
        run.settings.set_dest(&self.config.dest);
        // We forwarded the signal as SIGTERM; report the one we received.
        run.ended_by = run.ended_by.map(|by| self.signals.caught().unwrap_or(by));
    }
}

/// The result of one attempt at a run.
enum Tried {
    Made(Made),
    /// The process was stopped and continued.
    WasStopped,
}

fn cannot_save(config: &Config, error: &io::Error) -> io::Error {
    let dest = config.dest.display();
    io::Error::new(
        error.kind(),
        format!("cannot save flags in {dest}: {error}"),
    )
}
