//! The whole job: the pieces of all files on an executor, and their partial results reduced to one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
#[cfg(unix)]
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comparison::Outcome as TaskOutcome;
use concurrent_futures::{Context, TaskError, with_context};
use harness::{Cluster, RunError, RunOptions, RunTotals, Series, run_on};
use tokio_util::sync::CancellationToken;

use super::account::{Account, Ledger};
use super::file::{LogFile, common_folder};
use super::interruptible::Interruptible;
use super::piece::{Part, Piece, PieceReport};
use super::plan::{Plan, Step};
use super::progress::Progress;
use super::read::read_stream;
use super::task::{Read, ReadLogs};
use crate::decode::Cause;
use crate::jobs::{Job, Scanner};

/// Files are not sent while those that are underway have this many bytes. The line to the server is slower than the workers, so
/// more would not help.
const MOST_UNDERWAY: u64 = 128 << 20;

/// A job on a list of files.
///
/// ```no_run
/// use findrobots::{LogFile, Robots, Search};
/// use harness::{ExecutorKind, Series};
/// use tokio_util::sync::CancellationToken;
///
/// let files = [LogFile::new("access.log.gz")?];
/// let search = Search::new(Robots::default(), &files);
/// let outcome = search.run(Series::new(ExecutorKind::Threads, None), &CancellationToken::new());
/// for (host, requests) in outcome.total.sorted() {
///     println!("{requests} {}", String::from_utf8_lossy(host));
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Search<'f, J> {
    job: J,
    files: &'f [LogFile],
    progress: Progress,
    measures_memory: bool,
    cluster: Option<&'f Cluster>,
    carries_files: bool,
}

/// The result of a [`Search`].
#[derive(Debug)]
pub struct Outcome<J: Job> {
    /// The result of the job for everything that was read.
    pub total: J::Partial,
    /// What was read of each file, in the order of the files.
    pub accounts: Vec<Account>,
    /// The time from the start of the executor to the last result.
    pub elapsed: Duration,
    /// What the run took, or the reason why it ended early.
    pub totals: Result<RunTotals, RunError>,
    tasks: Vec<TaskRecord>,
}

/// A task with its outcome.
#[derive(Debug)]
struct TaskRecord {
    label: String,
    /// The positions of its files.
    files: Vec<usize>,
    /// The number of bytes that are sent with it.
    sent: u64,
    outcome: TaskOutcome,
    message: Option<String>,
}

impl<'f, J: Job> Search<'f, J> {
    /// Returns the search of these files.
    pub fn new(job: J, files: &'f [LogFile]) -> Self {
        Self {
            job,
            files,
            progress: Progress::default(),
            measures_memory: false,
            cluster: None,
            carries_files: false,
        }
    }

    /// Sends the bytes of the files with the tasks, to workers that cannot open them. A file of more than 255 MiB is an error. Up
    /// to 128 MiB are underway at a time, and one task more.
    #[cfg(feature = "nats")]
    #[must_use]
    pub fn carrying_files(self, carries_files: bool) -> Self {
        Self {
            carries_files,
            ..self
        }
    }

    /// Gives [`Nats`](harness::ExecutorKind::Nats) the workers that it needs.
    #[must_use]
    pub fn on_cluster(self, cluster: Option<&'f Cluster>) -> Self {
        Self { cluster, ..self }
    }

    /// Counts the bytes that have been read in `progress`, while the files are read.
    #[must_use]
    pub fn with_progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// Measures processor time and memory.
    #[must_use]
    pub fn measured(self) -> Self {
        Self {
            measures_memory: true,
            ..self
        }
    }

    /// Reads all files on the executor of `series`, and streams in the calling thread afterwards. Blocks until all has been
    /// read.
    ///
    /// When `stop` is cancelled, nothing more is read, and the outcome has the result for what was read until then. A damaged or
    /// missing file does not stop the others.
    pub fn run(&self, series: Series, stop: &CancellationToken) -> Outcome<J> {
        let began = Instant::now();
        let ledger = RefCell::new(Ledger::new(self.files));
        let records = RefCell::new(Vec::<TaskRecord>::new());
        let mut total = J::Partial::default();
        let mut elapsed = Duration::ZERO;
        let underway = Cell::new(0);
        let tasks = self.tasks(&ledger, &records, &underway);
        let each = |index: usize, result: Result<(&Read<J>, &_), &TaskError>| {
            elapsed = began.elapsed();
            let (mut ledger, mut records) = (ledger.borrow_mut(), records.borrow_mut());
            let record = &mut records[index];
            underway.update(|bytes: u64| bytes.saturating_sub(record.sent));
            match result {
                Ok((read, _)) => {
                    J::reduce(&mut total, &read.partial);
                    record.complete(&read.reports);
                    for report in &read.reports {
                        ledger.add(report);
                        self.add_progress(series, report);
                    }
                }
                // Never started.
                Err(TaskError::Cancelled) => {}
                Err(error) => {
                    for &file in &record.files {
                        ledger.fail(file, &error.to_string());
                    }
                    record.outcome = TaskOutcome::Error;
                    record.message = Some(error.to_string());
                }
            }
        };
        let options = RunOptions {
            cluster: self.cluster,
            measures_memory: self.measures_memory,
            has_room: Some(&|| underway.get() < MOST_UNDERWAY),
        };
        let totals = run_on(options, series, tasks, stop, each);
        if self.read_streams(&mut ledger.borrow_mut(), &mut total, stop) {
            elapsed = began.elapsed();
        }
        Outcome {
            total,
            accounts: ledger.into_inner().close(),
            elapsed,
            totals,
            tasks: records.into_inner(),
        }
    }

    /// Returns the tasks of the plan. Notes each in `ledger` and `records` when the executor takes it, and the bytes that are sent
    /// with it in `underway`.
    fn tasks(
        &self,
        ledger: &RefCell<Ledger>,
        records: &RefCell<Vec<TaskRecord>>,
        underway: &Cell<u64>,
    ) -> impl Iterator<Item = ReadLogs<J>> {
        let mut parts = HashMap::<usize, usize>::new();
        let folder = common_folder(self.files);
        let plan = Plan::new(self.files).whole_only(self.carries_files);
        plan.filter_map(move |step| {
            let pieces = match step {
                Step::Task(pieces) => pieces,
                Step::AllOf(file) => {
                    ledger.borrow_mut().all_planned(file);
                    return None;
                }
            };
            for piece in &pieces {
                let is_last = piece.part == Part::Whole;
                ledger.borrow_mut().plan_piece(piece.index, is_last);
            }
            let first = &pieces[0];
            let path = first.file.path();
            let path = path.strip_prefix(&folder).unwrap_or(path).display();
            let label = match (first.part, pieces.len() - 1) {
                (Part::Whole, 0) => path.to_string(),
                (Part::Whole, more) => format!("{path} and {more} more"),
                _ => {
                    let part = parts.entry(first.index).or_default();
                    *part += 1;
                    format!("{path} [{part}]")
                }
            };
            let files = pieces.iter().map(|piece| piece.index).collect();
            let (pieces, sent) = self.packed(pieces);
            underway.update(|bytes| bytes + sent);
            records.borrow_mut().push(TaskRecord {
                label,
                files,
                sent,
                outcome: TaskOutcome::NotAttempted,
                message: None,
            });
            Some(ReadLogs {
                job: self.job.clone(),
                pieces,
                progress: self.progress.clone(),
            })
        })
    }

    /// Returns the pieces with the bytes of their files, if these are sent, and the number of these bytes.
    #[cfg_attr(
        not(feature = "nats"),
        expect(clippy::unused_self, reason = "files are not sent")
    )]
    fn packed(&self, pieces: Vec<Piece>) -> (Vec<Piece>, u64) {
        #[cfg(feature = "nats")]
        if self.carries_files {
            let (mut pieces, mut sent) = (pieces, 0);
            for piece in &mut pieces {
                sent += piece.file.carry(sent);
            }
            return (pieces, sent);
        }
        (pieces, 0)
    }

    /// Adds what a worker outside this process has read. Workers in it count themselves.
    fn add_progress(&self, series: Series, report: &PieceReport) {
        use harness::ExecutorKind::{Nats, Processes};
        if matches!(series.executor(), Processes | Nats) {
            self.progress.add(report.compressed);
        }
    }

    /// Reads the streams, which only this process can read. Returns whether there were any.
    fn read_streams(
        &self,
        ledger: &mut Ledger,
        total: &mut J::Partial,
        stop: &CancellationToken,
    ) -> bool {
        let scanner = Scanner::new(&self.job);
        let mut any = false;
        for (index, file) in self.files.iter().enumerate() {
            if !file.is_stream() || stop.is_cancelled() {
                continue;
            }
            any = true;
            ledger.plan_piece(index, true);
            let context = Arc::new(StopContext(stop.clone()));
            let mut partial = J::Partial::default();
            let mut read = |input: &mut dyn io::Read| {
                let progress = &self.progress;
                read_stream(index, file, input, &scanner, &mut partial, progress)
            };
            let report = with_context(context, || match file.is_standard_input() {
                true => standard_input().map(|input| read(&mut Interruptible::new(input, stop))),
                false => file
                    .open_stream()
                    .map(|file| read(&mut Interruptible::new(file, stop))),
            });
            match report {
                Ok(mut report) => {
                    if stop.is_cancelled() {
                        // The end of the stream was not its own.
                        report.stopped = true;
                        report
                            .damage
                            .retain(|damage| damage.cause != Cause::Truncated);
                    }
                    ledger.add(&report);
                }
                Err(error) => ledger.fail(index, &error.to_string()),
            }
            J::reduce(total, &partial);
        }
        any
    }
}

/// Returns standard input without the buffer that the standard library puts before it: bytes in there would wait until more of
/// them come.
#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd as _;

    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<io::StdinLock<'static>> {
    Ok(io::stdin().lock())
}

/// What the reader of a stream may ask: whether the run is stopped.
struct StopContext(CancellationToken);

impl Context for StopContext {
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl TaskRecord {
    /// Notes the outcome of a task that returned.
    fn complete(&mut self, reports: &[PieceReport]) {
        let wrong = reports.iter().find_map(|report| {
            let damage = report.damage.first().map(ToString::to_string);
            report.unopened.clone().or(damage)
        });
        self.outcome = match &wrong {
            Some(_) => TaskOutcome::Error,
            None => TaskOutcome::Ok,
        };
        self.message = wrong;
    }
}

impl<J: Job> Outcome<J> {
    /// Returns the names of all tasks with their outcomes and messages, as [`named_run`](harness::named_run) takes them. The
    /// names differ.
    pub fn tasks(&self) -> Vec<(String, TaskOutcome, Option<String>)> {
        let mut seen = HashMap::<&str, usize>::new();
        let mut unique = |label| {
            let count = seen.entry(label).or_default();
            *count += 1;
            match count {
                1 => label.to_owned(),
                again => format!("{label} ({again})"),
            }
        };
        let tasks = self.tasks.iter();
        tasks
            .map(|task| (unique(&*task.label), task.outcome, task.message.clone()))
            .collect()
    }
}
