//! The same work under each strategy, each run in a process of its own, so that processor time and memory are its own and
//! nothing warms the next one; against one server, into a folder that is empty each time.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::cli::{Compare, Config};
use crate::compare::child::Child;
use crate::compare::watch::Watch;
use crate::results::{Comparison, Results, RunResults};
use crate::run::descriptors::{self, Descriptors};
use crate::run::embedded::Served;
use crate::run::signals::{Signal, Signals};
use crate::save::TemporaryFolder;

mod child;
mod watch;

/// What came of a comparison.
#[derive(Debug)]
pub struct Compared {
    /// The runs that came to their end, in their order, and the one that was ended early, if one was.
    pub results: Results,
    /// Runs that ended without results, and how.
    pub broken: Vec<io::Error>,
}

/// Runs each series in each round, in an order that is rotated: what is first in one is last in another.
///
/// Blocks until all is done. When `stop` is cancelled, the run under way is told so, and none follows. The flags of the last
/// run that came to its end are moved to the folder of `config`.
///
/// # Errors
/// When a folder for the flags of a run can neither be made nor emptied.
pub fn run(
    config: &Config,
    compare: &Compare,
    served: &Served,
    signals: &Signals,
    stop: &CancellationToken,
) -> io::Result<Compared> {
    let watch = Watch::new(served);
    let mut runs = Vec::<RunResults>::new();
    let mut broken = Vec::new();
    for round in 0..compare.warmup + compare.rounds {
        let counted = round.checked_sub(compare.warmup);
        let mut series = compare.series.clone();
        series.rotate_left(round as usize % compare.series.len());
        for (strategy, connections) in series {
            if stop.is_cancelled() {
                break;
            }
            let folder = TemporaryFolder::new_in(&config.dest)?;
            let before = watch.before();
            let child = Child {
                config,
                base: &served.base,
                strategy,
                connections,
                dest: folder.path(),
            };
            match child.run(stop) {
                Ok(mut run) => {
                    run.round = counted
                        .map(|counted| counted + 1)
                        .filter(|_| compare.rounds > 1);
                    run.seen_by_server = watch.since(before);
                    as_one_of_ours(&mut run, config, served);
                    // It was told to end by us, whatever it was that told us.
                    let signal = signals.caught().map(Signal::name);
                    run.ended_by = run.ended_by.map(|by| signal.map_or(by, str::to_owned));
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
    let results = Results {
        comparison: Some(comparison),
        ..Results::new(runs)
    };
    Ok(Compared { results, broken })
}

/// The highest connection limit of a comparison.
pub fn most(compare: &Compare) -> NonZeroUsize {
    let limits = compare.series.iter().map(|&(_, limit)| limit);
    limits.max().unwrap_or(NonZeroUsize::MIN)
}

/// The same comparison with limits that fit into the files a process may open: what one strategy cannot have, none has, else they
/// would not do the same.
pub fn fitting(compare: &Compare, descriptors: Option<Descriptors>) -> Compare {
    let fits = |&(strategy, limit)| descriptors::connections(limit, strategy, false, descriptors);
    let cut = compare
        .series
        .iter()
        .filter(|one| fits(one) < one.1)
        .map(fits);
    let most = cut.min().unwrap_or(NonZeroUsize::MAX);
    let mut series = Vec::new();
    for &(strategy, limit) in &compare.series {
        let one = (strategy, limit.min(most));
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
fn as_one_of_ours(run: &mut RunResults, config: &Config, served: &Served) {
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
