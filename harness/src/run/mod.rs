//! One measured run: tasks on an executor, with the time, the processor time and the memory that they took.
//!
//! * `times`: when the tasks of a run ran, and what all of them took

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use concurrent_futures::{
    BuildError, DistanceError, Executor, PortableTask, Shutdown, SubmitError, TaskError,
    ThreadPoolExecutor,
};
use tokio_util::sync::CancellationToken;

use crate::clock::now_ns;
use crate::cluster::Cluster;
#[cfg(feature = "nats")]
use crate::cluster::PoolWatch;
use crate::map_reduce::{Pace, map_reduce_at};
use crate::on_stop::on_stop;
use crate::sequential::SequentialExecutor;
use crate::series::{ExecutorKind, Series};
use crate::timed::{Timed, Timing};

mod times;

use times::Times;
pub use times::{RunTotals, named_run};

/// The number of tasks that are submitted ahead of the results, for each worker. Enough that no worker waits for the thread
/// that reduces.
const AHEAD: usize = 8;

/// The least number of tasks that are submitted ahead to workers on other machines. Some may not have answered yet, or may join
/// later.
#[cfg(feature = "nats")]
const LEAST_AHEAD: usize = 64;

/// How long a stopped run waits for tasks on other machines. Their workers may be gone.
const GRACE: Duration = Duration::from_secs(10);

/// The reason why a run did not attempt all tasks. Being stopped is not an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The executor could not be built.
    #[error("cannot start {0}")]
    Build(ExecutorKind, #[source] BuildError),
    /// The executor refused a task.
    #[error("cannot go on with {0}")]
    Submit(ExecutorKind, #[source] SubmitError),
    /// A thread or a runtime could not be started.
    #[error("cannot watch for signals")]
    Watch(#[source] std::io::Error),
    /// A task was not run, and others would not be either.
    #[error("cannot go on with {0}")]
    Task(ExecutorKind, #[source] TaskError),
    /// The server of the tasks cannot be used.
    #[error("{0}")]
    Connect(String),
    /// The executor needs a [`Cluster`], and this program a feature.
    #[error("nats needs the URL of a server, and a program that was built with the feature nats")]
    NoCluster,
    /// Pools of processes need Unix.
    #[error("processes are not available on this system")]
    NoProcesses,
}

/// Runs the tasks on the executor of `series` and calls `each` with every result, in order of completion, in the calling
/// thread. The number is the position of the task. Tasks that were not submitted, because the run was stopped or failed, have
/// no call.
///
/// When `stop` is cancelled, no new task starts, running tasks see
/// [`is_cancelled`](concurrent_futures::Current::is_cancelled), and queued tasks end with [`TaskError::Cancelled`]. A worker
/// process that crashes is replaced; its task ends with [`TaskError::Broken`].
///
/// Blocks until all tasks have ended and all workers are gone.
///
/// # Errors
/// If the executor cannot be built, or refuses a task.
pub fn run<K: PortableTask>(
    series: Series,
    tasks: impl IntoIterator<Item = K>,
    stop: &CancellationToken,
    measures_memory: bool,
    each: impl FnMut(usize, Result<(&K::Output, &Timing), &TaskError>),
) -> Result<RunTotals, RunError> {
    let options = RunOptions {
        measures_memory,
        ..RunOptions::default()
    };
    run_on(options, series, tasks, stop, each)
}

/// What a run needs besides its tasks.
#[derive(Clone, Copy, Default)]
pub struct RunOptions<'r> {
    /// The workers of [`Nats`](ExecutorKind::Nats).
    pub cluster: Option<&'r Cluster>,
    /// Whether processor time and memory are measured.
    pub measures_memory: bool,
    /// Returns whether another task may be submitted before the next result, in addition to the bound on their number. Called
    /// in the thread that takes the tasks. One task is always submitted.
    pub has_room: Option<&'r dyn Fn() -> bool>,
}

impl fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions")
            .field("cluster", &self.cluster)
            .field("measures_memory", &self.measures_memory)
            .finish_non_exhaustive()
    }
}

/// The same as [`run`], with these options. [`Nats`](ExecutorKind::Nats) runs the tasks on the workers of the cluster. What they
/// take in processor time and memory is unknown; the times of tasks count back from the arrival of their results.
///
/// If a task is not accepted by the server, or not known to its worker in this version, the run ends as if it was stopped: others
/// would have the same error. When such a run ends or is stopped, tasks that are running on other machines have ten seconds to end.
/// After that, they have the error [`MayHaveRun`](concurrent_futures::DistanceError::MayHaveRun).
///
/// # Errors
/// Those of [`run`], [`RunError::Connect`] if there is no connection to the cluster, and [`RunError::Task`].
pub fn run_on<K: PortableTask>(
    options: RunOptions<'_>,
    series: Series,
    tasks: impl IntoIterator<Item = K>,
    stop: &CancellationToken,
    mut each: impl FnMut(usize, Result<(&K::Output, &Timing), &TaskError>),
) -> Result<RunTotals, RunError> {
    let began_ns = now_ns();
    let measures_memory = options.measures_memory;
    let executor = executor::<Timed<K>>(options.cluster, series)?;
    let bound = Bound::of(options.cluster, series);
    let tasks = tasks.into_iter().map(|task| Timed {
        task,
        measures_memory: measures_memory && series.executor() == ExecutorKind::Processes,
    });
    let mut times = Times::new(series, began_ns);
    let ending = Ending::default();
    let shut_down = || {
        ending.begin();
        executor.shutdown(Shutdown::no_wait().cancel_pending());
    };
    let pace = Pace {
        has_room: &|unfinished| {
            unfinished < bound.tasks() && options.has_room.is_none_or(|has_room| has_room())
        },
        given_up: &|| match series.executor() {
            ExecutorKind::Nats => ending.given_up(),
            _ => None,
        },
    };
    let mut refused = None;
    let submitted = on_stop(stop, shut_down, || {
        map_reduce_at(&pace, &*executor, tasks, |index, result| {
            times.last_ns = now_ns();
            let result = match result {
                Ok((output, timing)) => {
                    times.note(index, timing);
                    Ok((output, timing))
                }
                Err(error) if is_refusal(error) => {
                    if refused.is_none() {
                        refused = Some(error.clone());
                        shut_down();
                    }
                    Err(&TaskError::Cancelled)
                }
                Err(error) => Err(error),
            };
            each(index, result);
        })
    });
    let submitted = submitted.map_err(RunError::Watch)?;
    match ending.given_up() {
        // They would be waited for when it is dropped.
        Some(_) if series.executor() == ExecutorKind::Nats => std::mem::forget(executor),
        _ => {
            executor.shutdown(Shutdown::wait());
        }
    }
    match (refused, submitted) {
        (Some(error), _) => return Err(RunError::Task(series.executor(), error)),
        (None, Err(SubmitError::ShutDown)) if stop.is_cancelled() => {}
        (None, Err(error)) => return Err(RunError::Submit(series.executor(), error)),
        (None, Ok(())) => {}
    }
    Ok(times.totals(measures_memory))
}

/// Returns whether the task has not run, for a reason that others would meet as well.
fn is_refusal(error: &TaskError) -> bool {
    use concurrent_futures::DistanceError::{Refused, Unreachable};

    matches!(
        error,
        TaskError::Unregistered { .. } | TaskError::Distance(Refused { .. } | Unreachable { .. })
    )
}

/// The end of a run that is stopped.
#[derive(Default)]
struct Ending(OnceLock<Instant>);

impl Ending {
    fn begin(&self) {
        self.0.get_or_init(Instant::now);
    }

    /// Returns the error of the tasks that have not ended in time, if it is over.
    fn given_up(&self) -> Option<TaskError> {
        let began = self.0.get()?;
        (began.elapsed() >= GRACE).then(|| {
            let reason = format!("its worker did not answer within {GRACE:?} after the stop");
            DistanceError::may_have_run(reason).into()
        })
    }
}

/// The bound on the number of tasks without a result.
struct Bound {
    workers: usize,
    #[cfg(feature = "nats")]
    watch: Option<PoolWatch>,
}

impl Bound {
    #[cfg_attr(
        not(feature = "nats"),
        expect(unused_variables, reason = "there is no cluster")
    )]
    fn of(cluster: Option<&Cluster>, series: Series) -> Self {
        Self {
            workers: series.workers(),
            #[cfg(feature = "nats")]
            watch: cluster
                .filter(|_| series.executor() == ExecutorKind::Nats)
                // One may stand for none.
                .map(|cluster| PoolWatch::start(cluster, (series.workers() > 1).then_some(true))),
        }
    }

    fn tasks(&self) -> usize {
        #[cfg(feature = "nats")]
        if let Some(watch) = &self.watch {
            let threads = watch.threads().max(self.workers);
            return threads.saturating_mul(AHEAD).max(LEAST_AHEAD);
        }
        self.workers.saturating_mul(AHEAD)
    }
}

/// Returns the executor of the series.
fn executor<K: PortableTask>(
    cluster: Option<&Cluster>,
    series: Series,
) -> Result<Arc<dyn Executor<K>>, RunError> {
    let kind = series.executor();
    Ok(match kind {
        ExecutorKind::Sequential => Arc::new(SequentialExecutor::new()),
        ExecutorKind::Threads => {
            let pool = ThreadPoolExecutor::builder()
                .max_workers(series.workers())
                .build();
            Arc::new(pool.map_err(|error| RunError::Build(kind, error))?)
        }
        #[cfg(unix)]
        ExecutorKind::Processes => {
            use concurrent_futures::{OnCrash, ProcessPoolExecutor};

            let pool = ProcessPoolExecutor::builder()
                .max_workers(series.workers())
                // One task at a time: a worker that is killed takes only the task with it that it ran.
                .window(1)
                .on_crash(OnCrash::Restart { max: usize::MAX })
                // Ctrl-C is for this process, which then shuts the pool down in order.
                .process_group()
                .build();
            Arc::new(pool.map_err(|error| RunError::Build(kind, error))?)
        }
        #[cfg(feature = "nats")]
        ExecutorKind::Nats => {
            let cluster = cluster.ok_or(RunError::NoCluster)?;
            let connected = cluster.connect();
            Arc::new(connected.map_err(|error| RunError::Connect(error.to_string()))?)
        }
        #[cfg(not(feature = "nats"))]
        ExecutorKind::Nats => {
            let _ = cluster;
            return Err(RunError::NoCluster);
        }
        #[cfg(not(unix))]
        ExecutorKind::Processes => return Err(RunError::NoProcesses),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    use concurrent_futures::Task;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Double(u64);

    impl Task for Double {
        type Output = u64;
        const NAME: &'static str = "double";

        fn run(self) -> u64 {
            self.0 * 2
        }
    }

    #[test]
    fn there_may_be_more_workers_than_can_be_counted_ahead() {
        let series = Series::new(ExecutorKind::Threads, Some(NonZeroUsize::MAX));
        let mut doubled = Vec::new();
        let stop = CancellationToken::new();
        run(series, [Double(21)], &stop, false, |_, result| {
            doubled.extend(result.map(|(output, _)| *output));
        })
        .unwrap();
        assert_eq!(doubled, [42]);
    }
}
