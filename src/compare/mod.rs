//! The same work under each strategy, each run in a process of its own, so that processor time and memory are its own and
//! nothing warms the next one; against one server, into a folder that is empty each time.
//!
//! * `counters`: what the server saw of each run
//! * `child`: one run in a process of its own

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::cli::{Compare, Config, Series};
use crate::compare::child::Child;
use crate::compare::counters::Counters;
use crate::download::save::TemporaryFolder;
use crate::report::{Comparison, Report, RunReport};
use crate::run::descriptors::{self, Descriptors};
use crate::run::embedded::Served;
use crate::run::signals::Signals;

mod child;
mod counters;

/// The outcome of a comparison.
#[derive(Debug)]
pub(crate) struct Compared {
    /// The runs that came to their end, in their order, and the one that was ended early, if one was.
    pub(crate) report: Report,
    /// Runs that ended without a report, and how.
    pub(crate) broken: Vec<io::Error>,
}

/// Runs each series in each round, in an order that is rotated: what is first in one is last in another.
///
/// Blocks until all is done. When `stop` is cancelled, the run under way is told so, and none follows. The flags of the last
/// run that came to its end are moved to the folder of `config`.
///
/// # Errors
/// When a folder for the flags of a run can neither be made nor emptied.
pub(crate) fn run(
    config: &Config,
    compare: &Compare,
    served: &Served,
    signals: &Signals,
    stop: &CancellationToken,
) -> io::Result<Compared> {
    let counters = Counters::new(served);
    let mut runs = Vec::<RunReport>::new();
    let mut broken = Vec::new();
    for round in 0..compare.warmup + compare.rounds {
        let counted = round.checked_sub(compare.warmup);
        let mut series = compare.series.clone();
        series.rotate_left(round as usize % compare.series.len());
        for series in series {
            if stop.is_cancelled() {
                break;
            }
            let folder = TemporaryFolder::new_in(&config.dest)?;
            let before = counters.before();
            let child = Child {
                config,
                base: &served.base,
                series,
                dest: folder.path(),
            };
            match child.run(stop) {
                Ok(mut run) => {
                    run.round = counted
                        .map(|counted| counted + 1)
                        .filter(|_| compare.rounds > 1);
                    run.seen_by_server = counters.since(before);
                    as_one_of_ours(&mut run, config, served);
                    // It was told to end by us, whatever it was that told us.
                    run.ended_by = run.ended_by.map(|by| signals.caught().unwrap_or(by));
                    let whole = run.ended_by.is_none();
                    if whole {
                        keep(&folder, &config.dest)?;
                    }
                    if counted.is_some() {
                        runs.push(run);
                    }
                }
                Err(error) => broken.push(error),
            }
        }
    }
    let comparison = Comparison {
        rounds: compare.rounds,
        warmup: compare.warmup,
    };
    let report = Report {
        comparison: Some(comparison),
        ..Report::new(runs)
    };
    Ok(Compared { report, broken })
}

/// The highest connection limit of a comparison.
pub(crate) fn highest_limit(compare: &Compare) -> NonZeroUsize {
    let limits = compare.series.iter().map(|series| series.connections);
    limits.max().unwrap_or(NonZeroUsize::MIN)
}

/// The same comparison with limits that fit into the files a process may open: what one strategy cannot have, none has, else they
/// would not do the same.
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

/// Moves the flags of a run to where they are to be, each at once.
fn keep(folder: &TemporaryFolder, dest: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        // What is in a flag's place is the matter of a run of its own: it says so.
        let _ = fs::rename(entry.path(), dest.join(entry.file_name()));
    }
    Ok(())
}

/// What the process of a run cannot know: what its server is called, and where its flags are now.
fn as_one_of_ours(run: &mut RunReport, config: &Config, served: &Served) {
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
