//! Several runs of the same work side by side, each in a process of its own, so that its processor time and memory can be
//! measured and no run warms up the next.

use std::time::Instant;

use comparison::{Outcome, Run, Schedule, count};
use concurrent_futures::{PortableTask, Task};
use program::{print_error, print_stderr};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

#[cfg(unix)]
use crate::on_stop::on_stop;
use crate::series::Series;

/// Work that can be run on any executor. The program registers [`Measure`] of it, in the call of `serve`.
pub trait Workload: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The name of the work, which differs from the names of its tasks.
    const NAME: &'static str;

    /// Runs the work on the executor of `series`. Called in a process of its own.
    ///
    /// # Errors
    /// A message, if the run could not take place.
    fn measure(&self, series: Series) -> Result<Measured, String>;
}

/// One run of a [`Workload`], as a task for another process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measure<W> {
    workload: W,
    series: Series,
}

impl<W: Workload> Task for Measure<W> {
    type Output = Result<Measured, String>;
    const NAME: &'static str = W::NAME;

    fn run(self) -> Self::Output {
        self.workload.measure(self.series)
    }
}

/// A measured run with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The run.
    pub run: Run,
    /// The result of the work in any encoding, so that the results of two runs can be compared.
    pub answer: Vec<u8>,
}

/// Which runs a comparison makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Each series once, in the order of the first round.
    pub series: Vec<Series>,
    /// How often each series runs, at least once; `None` if short runs are repeated until their noise is known.
    pub rounds: Option<u32>,
    /// The number of warm-up rounds, which are not counted.
    pub warmup: u32,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The counted runs that completed, in order.
    pub runs: Vec<Run>,
    /// What went wrong with the other runs, and each run whose answer differs from that of the first.
    pub errors: Vec<String>,
    /// The number of runs that were not made, as far as is known, because the comparison was stopped.
    pub runs_left: usize,
}

impl Compared {
    /// Prints the errors, and how many runs finished if the comparison was stopped.
    pub fn print_errors(&self) {
        for error in &self.errors {
            print_error(error);
        }
        if self.runs_left > 0 {
            let finished = self.runs.len();
            let planned = count(finished + self.runs_left, "run");
            print_stderr(&format!("stopped: {finished} of {planned} finished\n"));
        }
    }

    /// Returns whether all runs and all their tasks succeeded.
    pub fn is_complete(&self) -> bool {
        let mut tasks = self.runs.iter().flat_map(|run| &run.tasks);
        self.errors.is_empty() && tasks.all(|task| task.outcome == Outcome::Ok)
    }
}

/// Returns the line about the next run of a comparison, such as `round 2: threads, 2 workers, about 3 s left`.
pub fn next_in_words(series: Series, round: Option<u32>, schedule: &Schedule) -> String {
    let round = round.map_or_else(|| "warm-up".to_owned(), |round| format!("round {round}"));
    let left = schedule.left_ms().map_or_else(String::new, |ms| {
        format!(", about {} s left", (ms / 1000.0).ceil())
    });
    format!("{round}: {series}{left}\n")
}

/// Makes the runs of the plan, in the order of a [`Schedule`].
///
/// Blocks until all runs have ended. When `stop` is cancelled, the current run is ended, and no other starts. `begin` is
/// called before each run, with its series and its round, and the schedule after it.
pub fn compare<W>(
    workload: &W,
    plan: &Plan,
    stop: &CancellationToken,
    mut begin: impl FnMut(Series, Option<u32>, &Schedule),
) -> Compared
where
    W: Workload,
    Measure<W>: PortableTask<Output = Result<Measured, String>>,
{
    let mut schedule = Schedule::new(plan.series.len(), plan.warmup, plan.rounds);
    let mut runs = Vec::<Run>::new();
    let mut errors = Vec::new();
    let mut first: Option<(Series, Vec<u8>)> = None;
    while let Some(next) = schedule.next_run() {
        let series = plan.series[next.series];
        if stop.is_cancelled() {
            break;
        }
        begin(series, next.round, &schedule);
        let task = Measure {
            workload: workload.clone(),
            series,
        };
        let began = Instant::now();
        let measured = measure_in_process(task, stop);
        if stop.is_cancelled() {
            break;
        }
        let label = format!("{} {}", series.executor(), series.workers());
        match measured {
            Ok(Measured { mut run, answer }) => {
                let (of, expected) = first.get_or_insert_with(|| (series, answer.clone()));
                if answer != *expected {
                    let other = format!("{} {}", of.executor(), of.workers());
                    errors.push(format!(
                        "the answer of {label} differs from that of {other}"
                    ));
                }
                schedule.add(next, run.elapsed_ms, began.elapsed().as_secs_f64() * 1000.0);
                run.round = next.round;
                if next.round.is_some() {
                    runs.push(run);
                }
            }
            Err(message) => errors.push(format!("{label}: {message}")),
        }
    }
    // The only round needs no number.
    if runs.iter().all(|run| run.round == Some(1)) {
        runs.iter_mut().for_each(|run| run.round = None);
    }
    let runs_left = match stop.is_cancelled() {
        true => schedule.runs_left() + 1,
        false => 0,
    };
    Compared {
        runs,
        errors,
        runs_left,
    }
}

/// Runs the task in a process of its own, which is ended when `stop` is cancelled.
#[cfg(unix)]
fn measure_in_process<W>(task: Measure<W>, stop: &CancellationToken) -> Result<Measured, String>
where
    W: Workload,
{
    use multiprocessing::Process;

    // In a group of its own, so that Ctrl-C does not end it before this process knows of it.
    let process = Process::builder()
        .process_group()
        .spawn(task)
        .map_err(|error| error.to_string())?;
    let handle = process.handle().clone();
    let end = || {
        // An error means that the process has ended.
        let _ = handle.kill();
    };
    let result = on_stop(stop, end, || process.into_result());
    let result = result
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    // `into_result` returns with the reply. The next run must not share the processors with the end of this process.
    handle.join();
    result
}

/// Comparisons need processes, which are not available on this system.
#[cfg(not(unix))]
fn measure_in_process<W: Workload>(
    _task: Measure<W>,
    _stop: &CancellationToken,
) -> Result<Measured, String> {
    Err(crate::run::RunError::NoProcesses.to_string())
}
