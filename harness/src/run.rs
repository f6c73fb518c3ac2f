//! One measured run: tasks on an executor, with the time, the processor time and the memory that they took.

use std::collections::HashMap;
use std::sync::Arc;

use comparison::{Outcome, Phase, PhaseKind};
use concurrent_futures::{
    BuildError, Executor, PortableTask, Shutdown, SubmitError, TaskError, ThreadPoolExecutor,
};
use program::{Resources, cpu_ms_of_ended_children};
use tokio_util::sync::CancellationToken;

use crate::clock::now_ns;
use crate::cluster::Cluster;
use crate::map_reduce::map_reduce;
use crate::on_stop::on_stop;
use crate::sequential::SequentialExecutor;
use crate::series::{ExecutorKind, Series};
use crate::timed::{Timed, Timing, Worker};

/// The number of tasks that are submitted ahead of the results, for each worker. Enough that no worker waits for the thread
/// that reduces.
const AHEAD: usize = 8;

/// The reason why a run did not attempt all tasks. Being stopped is not an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The executor could not be built.
    #[error("cannot start {0}: {1}")]
    Build(ExecutorKind, #[source] BuildError),
    /// The executor refused a task.
    #[error("cannot go on with {0}: {1}")]
    Submit(ExecutorKind, #[source] SubmitError),
    /// A thread or a runtime could not be started.
    #[error("cannot watch for signals: {0}")]
    Watch(#[source] std::io::Error),
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

/// What a run took.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTotals {
    /// The executor and its workers.
    pub series: Series,
    /// The time from the start of the executor to the last result, in milliseconds.
    pub elapsed_ms: f64,
    /// The user and system processor time of this process so far and of the worker processes, in milliseconds, if known.
    pub cpu_ms: Option<f64>,
    /// The peak memory of this process plus those of the worker processes, in bytes, if it was measured.
    pub peak_memory: Option<u64>,
    /// The timings of the tasks that ended, by their position. Times count from the start of the run.
    timings: HashMap<usize, TaskTime>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct TaskTime {
    lane: usize,
    began_ms: f64,
    ended_ms: f64,
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
    run_on(None, series, tasks, stop, measures_memory, each)
}

/// The same as [`run`], but [`Nats`](ExecutorKind::Nats) runs the tasks on the workers of the cluster. What they take in
/// processor time and memory is unknown; the times of tasks count back from the arrival of their results.
///
/// # Errors
/// Those of [`run`], and [`RunError::Connect`] if there is no connection to the cluster.
pub fn run_on<K: PortableTask>(
    cluster: Option<&Cluster>,
    series: Series,
    tasks: impl IntoIterator<Item = K>,
    stop: &CancellationToken,
    measures_memory: bool,
    mut each: impl FnMut(usize, Result<(&K::Output, &Timing), &TaskError>),
) -> Result<RunTotals, RunError> {
    let began_ns = now_ns();
    let executor = executor::<Timed<K>>(cluster, series)?;
    let tasks = tasks.into_iter().map(|task| Timed {
        task,
        measures_memory: measures_memory && series.executor() == ExecutorKind::Processes,
    });
    let mut lanes = HashMap::<Worker, usize>::new();
    let mut memory = HashMap::<u32, u64>::new();
    let mut timings = HashMap::new();
    let mut last_ns = began_ns;
    let shut_down = || {
        executor.shutdown(Shutdown::no_wait().cancel_pending());
    };
    let submitted = on_stop(stop, shut_down, || {
        map_reduce(
            &*executor,
            tasks,
            series.workers().saturating_mul(AHEAD),
            |index, result| {
                last_ns = now_ns();
                let result = result.map(|(output, timing)| (output, timing));
                if let Ok((_, timing)) = &result {
                    let next = lanes.len();
                    let lane = *lanes.entry(timing.worker).or_insert(next);
                    let since_start = |ns: u64| ns.saturating_sub(began_ns) as f64 / 1e6;
                    // Another machine has another clock.
                    let (began, ended) = match series.executor() {
                        ExecutorKind::Nats => {
                            let took = timing.ended_ns.saturating_sub(timing.began_ns);
                            (last_ns.saturating_sub(took), last_ns)
                        }
                        _ => (timing.began_ns, timing.ended_ns),
                    };
                    let time = TaskTime {
                        lane,
                        began_ms: since_start(began),
                        ended_ms: since_start(ended),
                    };
                    timings.insert(index, time);
                    if let Some(peak) = timing.peak_memory {
                        let known = memory.entry(timing.worker.pid).or_default();
                        *known = peak.max(*known);
                    }
                }
                each(index, result);
            },
        )
    });
    let submitted = submitted.map_err(RunError::Watch)?;
    executor.shutdown(Shutdown::wait());
    match submitted {
        Err(SubmitError::ShutDown) if stop.is_cancelled() => {}
        Err(error) => return Err(RunError::Submit(series.executor(), error)),
        Ok(()) => {}
    }
    let is_measured = measures_memory && series.executor() != ExecutorKind::Nats;
    let own = is_measured.then(Resources::of_this_process).flatten();
    Ok(RunTotals {
        series,
        elapsed_ms: last_ns.saturating_sub(began_ns) as f64 / 1e6,
        cpu_ms: own
            .zip(cpu_ms_of_ended_children())
            .map(|(own, children)| own.cpu_ms + children),
        peak_memory: own
            .and_then(|own| own.peak_memory)
            .map(|own| own + memory.values().sum::<u64>()),
        timings,
    })
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

/// Returns a run for a comparison. `tasks` are the names of all tasks with their outcomes and messages, by their position.
pub fn named_run(
    totals: &RunTotals,
    tasks: impl IntoIterator<Item = (String, Outcome, Option<String>)>,
) -> comparison::Run {
    let tasks = tasks.into_iter().enumerate().map(|(index, task)| {
        let (name, outcome, message) = task;
        let time = totals.timings.get(&index);
        let phases = time.map_or_else(Vec::new, |time| {
            let phase = |kind, ms| Phase { kind, ms };
            vec![
                phase(PhaseKind::Queue, time.began_ms),
                phase(PhaseKind::Body, time.ended_ms - time.began_ms),
            ]
        });
        comparison::Task {
            name,
            lane: time.map(|time| time.lane),
            outcome,
            message,
            phases,
        }
    });
    comparison::Run {
        label: totals.series.executor().name().to_owned(),
        slots: totals.series.workers(),
        round: None,
        ended_by: None,
        elapsed_ms: totals.elapsed_ms,
        cpu_ms: totals.cpu_ms,
        peak_memory: totals.peak_memory,
        peak_in_flight: None,
        tasks: tasks.collect(),
    }
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
