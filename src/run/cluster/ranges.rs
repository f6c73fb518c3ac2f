//! Gives the ranges of a list to the workers, and takes their records.

use std::collections::{HashMap, HashSet, VecDeque};
use std::error::Error;
use std::io;
use std::mem;
use std::num::NonZeroUsize;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use concurrent_futures::{Shutdown, TaskError};
use futures_util::FutureExt as _;
use futures_util::stream::{Fuse, FuturesUnordered, StreamExt as _};
use harness::{Cluster, PoolWatch};
use nats_executor::{ConnectError, NatsExecutor};
use program::print_error;
use tokio::runtime;
use tokio::time::{Instant, sleep_until, timeout};

use super::range::{DownloadRange, RangeResult, Settings};
use crate::download::save::FILES;
use crate::item::Item;
use crate::job::Job;
use crate::record::{Failure, Kind, Outcome, Record};
use crate::strategy::{Items, Strategy};

/// The most lines of a range. More would have to be downloaded again when a worker is lost, fewer would cost more messages.
const MOST_LINES: usize = 1000;

/// How many ranges a thread of a worker gets of a list whose length is known, if that is long enough: the last ones to end are
/// then short.
const RANGES_PER_THREAD: usize = 4;

/// The least number of ranges that may be without a result. Workers may join later, so there are more than threads.
const LEAST_IN_FLIGHT: usize = 64;

/// The number of threads that the lines of a list are divided for if no worker answers.
const THREADS_UNKNOWN: usize = LEAST_IN_FLIGHT / RANGES_PER_THREAD;

/// How long the next line of a stream is waited for before those that are there are sent.
const PATIENCE: Duration = Duration::from_millis(100);

/// How often each worker has to refuse, with no result meanwhile, before a run ends for that.
const REFUSALS: usize = 4;

/// How long a stopped run waits for the records of the ranges that were running.
const GRACE: Duration = Duration::from_secs(10);

/// The workers of a pool.
#[derive(Debug)]
pub(crate) struct Workers {
    executor: NatsExecutor,
    /// The number of their threads before the run; `None` if no worker answers.
    threads: Option<NonZeroUsize>,
    watch: PoolWatch,
}

impl Workers {
    /// Connects to the server and counts the workers that answer.
    ///
    /// # Errors
    /// If there is no connection, or the server cannot store tasks.
    pub(crate) fn connect(cluster: &Cluster) -> Result<Self, ConnectError> {
        let executor = cluster.connect()?;
        let threads = cluster.threads()?;
        Ok(Self {
            executor,
            threads,
            watch: PoolWatch::start(cluster, Some(threads.is_some())),
        })
    }

    /// Returns the number of threads of all workers; `None` if no worker answers.
    pub(crate) fn threads(&self) -> Option<NonZeroUsize> {
        self.threads
    }

    /// Downloads every item on the workers, with `connections` for each range, and passes one record per item to `notify`.
    /// `count` is the number of items, if it is known.
    ///
    /// Takes items as ranges can be sent, so memory follows the number of ranges in flight. Blocks until the stream has ended
    /// and every item has a record. If the job is stopped, the remaining records arrive within ten seconds.
    ///
    /// # Errors
    /// If the server does not accept a range, or a worker does not know the task in this version: the other ranges would meet
    /// the same. They are then withdrawn as if the job was stopped. Each item taken has a record; the others were not attempted.
    pub(crate) fn run(
        self,
        job: &Job,
        items: Items<'_>,
        (strategy, connections): (Strategy, NonZeroUsize),
        count: Option<usize>,
        notify: &mut dyn FnMut(Record),
    ) -> io::Result<()> {
        // Shows workers that their folder is that of the run. It is removed when the run ends.
        let marker = FILES
            .begin(&job.dest.join("run"))
            .map_err(io::Error::other)?;
        let name = marker.temporary_name().unwrap_or_default().to_owned();
        let settings = Settings::of(job, name, strategy, connections)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let threads = self.threads.map_or(THREADS_UNKNOWN, NonZeroUsize::get);
        let ranges = threads.saturating_mul(RANGES_PER_THREAD);
        let lines = count.map_or(MOST_LINES, |count| count.div_ceil(ranges));
        let run = Run {
            executor: &self.executor,
            settings,
            job,
            lines: lines.clamp(1, MOST_LINES),
            threads,
            watch: &self.watch,
            sent: HashMap::new(),
            again: VecDeque::new(),
            refusing: HashSet::new(),
            working: HashSet::new(),
            refusals: 0,
            given_up: None,
            refused: None,
            notify,
        };
        let ended = runtime.block_on(run.drive(items));
        if self.executor.unfinished() > 0 {
            // Dropping it would wait for results that may never come. They have been given up.
            mem::forget(self.executor);
        }
        ended
    }
}

/// A run in progress.
struct Run<'a> {
    executor: &'a NatsExecutor,
    settings: Settings,
    job: &'a Job,
    /// The most lines of a range.
    lines: usize,
    threads: usize,
    watch: &'a PoolWatch,
    /// The ranges without a result, and when they were sent.
    sent: HashMap<u64, (Vec<Item>, Instant)>,
    /// The ranges that a worker refused, which another one may download.
    again: VecDeque<Vec<Item>>,
    /// The names of the workers that refused the last range that they got.
    refusing: HashSet<String>,
    /// The names of the others that have given a result.
    working: HashSet<String>,
    /// The number of refusals since the last result.
    refusals: usize,
    /// When the ranges that are still running are given up, if no more are sent.
    given_up: Option<Instant>,
    /// Why no more ranges are sent, if that is an error.
    refused: Option<io::Error>,
    notify: &'a mut dyn FnMut(Record),
}

impl Run<'_> {
    async fn drive(mut self, items: Items<'_>) -> io::Result<()> {
        let mut items = items.fuse();
        let mut taken = Vec::new();
        let mut results = FuturesUnordered::new();
        let mut is_read = false;
        let mut over = pin!(self.job.over());
        let mut number = 0;
        while !is_read || !self.sent.is_empty() || !self.again.is_empty() {
            let (lines, given_up) = (self.lines, self.given_up);
            let has_again = !self.again.is_empty();
            let may_take = given_up.is_some() || self.sent.len() < self.most_in_flight();
            tokio::select! {
                biased;
                () = &mut over, if given_up.is_none() => self.wind_up(),
                Some((number, result)) = results.next() => self.settle(number, result),
                (range, ended) = next_range(&mut self.again, &mut items, &mut taken, lines), if may_take && (!is_read || has_again) => {
                    is_read |= ended;
                    if range.is_empty() {
                        continue;
                    }
                    if self.given_up.is_some() || self.job.is_over() {
                        self.note_all(range, &Outcome::NotAttempted);
                        continue;
                    }
                    number += 1;
                    let task = DownloadRange::of(&range, &self.settings);
                    match self.executor.submit_async(task).await {
                        Ok(future) => {
                            self.sent.insert(number, (range, Instant::now()));
                            let number = number;
                            results.push(future.into_result_async().map(move |result| (number, result.ok())));
                        }
                        Err(error) => {
                            self.note_all(range, &Outcome::NotAttempted);
                            self.refuse(error);
                        }
                    }
                }
                () = sleep_until(given_up.unwrap_or_else(Instant::now)), if given_up.is_some() && !self.sent.is_empty() => {
                    let why = Failure::new(Kind::Interrupted, "its worker has given no result");
                    for (_, (range, _)) in mem::take(&mut self.sent) {
                        self.note_all(range, &Outcome::Failed(why.clone()));
                    }
                }
            }
            // The caller notes the rest.
            is_read |= self.refused.is_some();
        }
        self.note_all(taken, &Outcome::NotAttempted);
        self.refused.map_or(Ok(()), Err)
    }

    /// Returns the most ranges without a result. Workers may have joined.
    fn most_in_flight(&self) -> usize {
        let threads = self.watch.threads().max(self.threads);
        threads
            .saturating_mul(RANGES_PER_THREAD)
            .max(LEAST_IN_FLIGHT)
    }

    /// Withdraws the ranges that have not begun, and stops the others.
    fn wind_up(&mut self) {
        let _ = self.executor.shutdown(Shutdown::no_wait().cancel_pending());
        self.given_up = Some(Instant::now() + GRACE);
    }

    /// Ends the run because of an error that the other ranges would meet as well.
    fn refuse(&mut self, error: impl Into<Box<dyn Error + Send + Sync>>) {
        if self.refused.is_none() {
            self.refused = Some(io::Error::other(error));
        }
        if self.given_up.is_none() {
            self.wind_up();
        }
    }

    /// Notes the records of a range that has a result.
    fn settle(&mut self, number: u64, result: Option<Result<RangeResult, TaskError>>) {
        let Some((range, sent)) = self.sent.remove(&number) else {
            return;
        };
        match result {
            Some(Ok(result)) => self.note_result(range, sent.into_std(), result),
            Some(Err(TaskError::Cancelled)) => self.note_all(range, &Outcome::NotAttempted),
            Some(Err(error)) if has_not_run(&error) => {
                self.note_all(range, &Outcome::NotAttempted);
                self.refuse(error);
            }
            Some(Err(error)) => self.note_all(range, &lost(&error)),
            None => self.note_all(range, &lost(&"its result is held elsewhere")),
        }
    }

    /// Keeps a range for another worker. If all workers refuse, ends the run.
    fn give_to_another(&mut self, range: Vec<Item>, worker: String, why: &str) {
        if self.given_up.is_some() {
            return self.note_all(range, &Outcome::NotAttempted);
        }
        let why = format!("worker {worker}: {why}");
        self.working.remove(&worker);
        if self.refusing.insert(worker) {
            print_error(&why);
        }
        self.refusals += 1;
        self.again.push_back(range);
        let names = self.watch.names();
        let refuses = |name| self.refusing.contains(name);
        // A busy worker may miss being counted, so one count is not believed.
        let is_sure = self.refusals >= REFUSALS * self.refusing.len();
        if is_sure && self.working.is_empty() && names.iter().all(refuses) {
            self.refuse(why);
        }
    }

    fn note_result(&mut self, range: Vec<Item>, sent: std::time::Instant, result: RangeResult) {
        if let Some(why) = result.refusal {
            return self.give_to_another(range, result.worker, &why);
        }
        self.refusals = 0;
        self.refusing.remove(&result.worker);
        self.working.insert(result.worker);
        let now = std::time::Instant::now();
        // By the clock of this machine, which the worker does not know.
        let began = now.checked_sub(result.elapsed).unwrap_or(sent).max(sent);
        let mut records: HashMap<_, _> = result
            .records
            .into_iter()
            .map(|record| (record.line, record))
            .collect();
        let why = result
            .error
            .unwrap_or_else(|| "its worker has no record of it".to_owned());
        let dest: &Path = &self.job.dest;
        for item in range {
            let record = item.line().and_then(|line| records.remove(&line));
            (self.notify)(match record {
                Some(record) => record.record(item, began, dest),
                None => Record::new(item, lost(&why)),
            });
        }
        if let Some(why) = result.unsaved {
            self.job.saving.give_up(why);
        }
    }

    fn note_all(&mut self, range: Vec<Item>, outcome: &Outcome) {
        for item in range {
            (self.notify)(Record::new(item, outcome.clone()));
        }
    }
}

/// Returns a range that a worker refused, or else the next of the items, and whether they have ended. Loses nothing when dropped at an
/// await point.
async fn next_range(
    again: &mut VecDeque<Vec<Item>>,
    items: &mut Fuse<Items<'_>>,
    taken: &mut Vec<Item>,
    lines: usize,
) -> (Vec<Item>, bool) {
    if let Some(range) = again.pop_front() {
        return (range, false);
    }
    let ended = fill(items, taken, lines).await;
    (mem::take(taken), ended)
}

/// Adds items until there are `lines` of them, or until a stream keeps the next one waiting. Returns whether the items have
/// ended. Loses nothing when dropped at an await point.
async fn fill(items: &mut Fuse<Items<'_>>, taken: &mut Vec<Item>, lines: usize) -> bool {
    while taken.len() < lines {
        let next = match (items.next().now_or_never(), taken.is_empty()) {
            (Some(next), _) => next,
            (None, true) => items.next().await,
            (None, false) => match timeout(PATIENCE, items.next()).await {
                Ok(next) => next,
                Err(_) => return false,
            },
        };
        match next {
            Some(item) => taken.push(item),
            None => return true,
        }
    }
    false
}

/// Returns whether the task has not run, for a reason that others would meet as well.
fn has_not_run(error: &TaskError) -> bool {
    use concurrent_futures::DistanceError::{Refused, Unreachable};

    matches!(
        error,
        TaskError::Unregistered { .. } | TaskError::Distance(Refused { .. } | Unreachable { .. })
    )
}

/// Returns the outcome of a line whose range has no result.
fn lost(why: &dyn std::fmt::Display) -> Outcome {
    Outcome::Failed(Failure::new(Kind::Lost, why))
}
