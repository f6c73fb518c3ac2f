//! Runs the same work under each strategy, against one server.
//!
//! Each run has its own process, so that its processor time and memory can be measured and no run warms up the next.
//! Each run also starts with an empty folder.
//!
//! * `counters`: what the server counted during each run
//! * `child`: one run in a process of its own

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use comparison::Schedule;
use tokio_util::sync::CancellationToken;

use crate::cli::{Compare, Config, Series};
use crate::compare::child::Child;
use crate::compare::counters::Counters;
use crate::download::save::FILES;
use crate::report::{ComparisonSettings, Report, RunReport, with_statistics};
use crate::run::descriptors::{self, Descriptors};
use crate::run::embedded::Served;
use program::Signals;

mod child;
mod counters;

pub(crate) use child::prepare_process;

/// The result of a comparison.
#[derive(Debug)]
pub(crate) struct Compared {
    /// The counted runs that ended with a report, in order. A run that a signal ended early is among them.
    pub(crate) report: Report,
    /// The errors of the runs that ended without a report.
    pub(crate) errors: Vec<io::Error>,
    /// The number of runs that the comparison would have had if it was stopped, as far as is known.
    pub(crate) planned: usize,
}

/// Makes the runs of the comparison, in the order of a [`Schedule`].
///
/// Blocks until all runs have ended. When `stop` is cancelled, the current run is stopped early, and no other starts.
/// The flags of each complete run are moved to the folder of `config`, where they replace those of the run before.
///
/// # Errors
/// If the temporary folder of a run cannot be created or read.
pub(crate) fn run(
    config: &Config,
    compare: &Compare,
    served: &Served,
    signals: &Signals,
    stop: &CancellationToken,
) -> io::Result<Compared> {
    let counters = Counters::new(served, !config.codes.is_empty());
    let mut schedule = Schedule::new(compare.series.len(), compare.warmup, compare.rounds);
    let mut runs = Vec::<RunReport>::new();
    let mut errors = Vec::new();
    let mut taken = 0;
    while let Some(next) = schedule.next_run() {
        taken += usize::from(next.round.is_some());
        // Without codes, the process of a run would download the default ones.
        if stop.is_cancelled() || config.codes.is_empty() {
            break;
        }
        let folder = FILES.temporary_folder(&config.dest)?;
        let before = counters.before();
        let child = Child {
            config,
            base: &served.base,
            series: compare.series[next.series],
            dest: folder.path(),
        };
        match child.run(stop) {
            Ok(mut run) => {
                run.round = next.round;
                run.seen_by_server = counters.since(before);
                apply_own_settings(&mut run, config, served);
                // We forwarded the signal as SIGTERM; report the one we received.
                run.ended_by = run.ended_by.map(|by| signals.caught().unwrap_or(by));
                if run.ended_by.is_none() {
                    move_flags(&folder, &config.dest)?;
                    // Without a single flag there is nothing to compare, however often it is repeated.
                    if run.totals.ok > 0 {
                        schedule.add(next, run.totals.elapsed_ms);
                    }
                }
                if next.round.is_some() {
                    runs.push(run);
                }
            }
            Err(error) => errors.push(error),
        }
    }
    let rounds = runs.iter().filter_map(|run| run.round).max().unwrap_or(1);
    if rounds == 1 && compare.rounds.is_none_or(|rounds| rounds == 1) {
        // The only round needs no number.
        runs.iter_mut().for_each(|run| run.round = None);
    }
    let comparison = ComparisonSettings {
        rounds: compare.rounds.unwrap_or(rounds),
        warmup: compare.warmup,
        server: counters.state(),
        series: Vec::new(),
        conclusion: None,
    };
    Ok(Compared {
        report: with_statistics(Report::new(runs), comparison),
        errors,
        planned: taken + schedule.runs_left(),
    })
}

/// Returns the highest connection limit of a comparison.
pub(crate) fn highest_limit(compare: &Compare) -> NonZeroUsize {
    let limits = compare.series.iter().map(|series| series.connections);
    limits.max().unwrap_or(NonZeroUsize::MIN)
}

/// Returns the same comparison with connection limits that fit into the number of files a process may open.
///
/// If one series needs a lower limit, that limit bounds all of them: otherwise they would not do the same work. Series
/// that become equal are merged.
pub(crate) fn within_descriptors(compare: &Compare, descriptors: Option<Descriptors>) -> Compare {
    let fits = |series: &Series| {
        let each = series.strategy.descriptors_per_connection();
        let fits = descriptors::connections(series.connections, each, false, descriptors);
        (fits < series.connections).then_some(fits)
    };
    let bound = compare.series.iter().filter_map(fits).min();
    let mut series = Vec::new();
    for one in &compare.series {
        let one = Series {
            connections: one.connections.min(bound.unwrap_or(NonZeroUsize::MAX)),
            ..*one
        };
        if !series.contains(&one) {
            series.push(one);
        }
    }
    Compare {
        series,
        ..compare.clone()
    }
}

/// Moves the flags of a run to `dest`. Each move is atomic.
fn move_flags(folder: &program::TemporaryFolder, dest: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        // Ignores failure, such as a folder in the flag's place: a run without --compare reports that.
        let _ = fs::rename(entry.path(), dest.join(entry.file_name()));
    }
    Ok(())
}

/// Corrects the settings that the process of a run cannot know: the name of the server, and where the flags are now.
fn apply_own_settings(run: &mut RunReport, config: &Config, served: &Served) {
    run.settings.server = config.server.name().to_owned();
    run.settings.embedded = served.by.this_run();
    run.settings.dest = config.dest.to_string_lossy().into_owned();
    for path in run
        .records
        .iter_mut()
        .filter_map(|record| record.path.as_mut())
    {
        if let Some(name) = PathBuf::from(&*path).file_name() {
            *path = config.dest.join(name).to_string_lossy().into_owned();
        }
    }
}
