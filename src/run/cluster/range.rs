//! The task of a worker: downloads a range of a list as a run of its own would.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures::{Current, Task, current};
use futures_util::stream;
use nats_executor::worker_name;
use program::error_chain;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::wire::{SentItem, SentRecord};
use crate::item::Item;
use crate::job::{Job, RequestLimits, Traffic, Unsaved};
use crate::strategy::Strategy;

/// How often a task asks whether it is cancelled.
const CHECK: Duration = Duration::from_millis(50);

/// How long a worker keeps a range that it refuses.
const REFUSAL_PAUSE: Duration = Duration::from_secs(2);

/// The settings of a run that the downloads of its ranges depend on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Settings {
    /// The name of a file that the run keeps in its folder.
    marker: String,
    strategy: Strategy,
    /// The connections of each range.
    connections: NonZeroUsize,
    /// Absolute: a worker has another working folder.
    dest: PathBuf,
    connect_timeout: Duration,
    timeout: Duration,
    size: u64,
    allow_downgrade: bool,
    retries: u32,
    skip_existing: bool,
    fsync: bool,
    allow_unframed: bool,
}

/// A range of a list.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DownloadRange {
    items: Vec<SentItem>,
    settings: Settings,
}

/// What a worker has to say about a range.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RangeResult {
    /// One for each line, in order of arrival.
    pub(super) records: Vec<SentRecord>,
    /// How long the task ran.
    pub(super) elapsed: Duration,
    /// Why no file can be saved, if that is so.
    pub(super) unsaved: Option<Unsaved>,
    /// Why lines have no record, if some have none.
    pub(super) error: Option<String>,
    /// Why this worker cannot save any file of the run, if that is so: another one may.
    pub(super) refusal: Option<String>,
    /// The name of the worker.
    pub(super) worker: String,
}

impl Settings {
    /// Returns the settings of a job.
    ///
    /// # Errors
    /// If the working folder is not known.
    pub(super) fn of(
        job: &Job,
        marker: String,
        strategy: Strategy,
        connections: NonZeroUsize,
    ) -> io::Result<Self> {
        let RequestLimits {
            connect_timeout,
            timeout,
            size,
            allow_downgrade,
        } = job.limits;
        Ok(Self {
            marker,
            strategy,
            connections,
            dest: std::path::absolute(&job.dest)?,
            connect_timeout,
            timeout,
            size,
            allow_downgrade,
            retries: job.retries,
            skip_existing: job.skip_existing,
            fsync: job.fsync,
            allow_unframed: job.allow_unframed,
        })
    }

    /// Returns a job with these settings, which `stop` stops.
    ///
    /// # Errors
    /// A message, if the folder is not that of the run, or no file can be created in it.
    fn job(self, stop: CancellationToken) -> Result<Job, String> {
        let shared = Shared::of_this_process();
        let partials = shared.partials(&self.dest, &self.marker, self.fsync)?;
        Ok(Job {
            traffic: Traffic::with_pauses(shared.pauses()),
            limits: RequestLimits {
                connect_timeout: self.connect_timeout,
                timeout: self.timeout,
                size: self.size,
                allow_downgrade: self.allow_downgrade,
            },
            retries: self.retries,
            skip_existing: self.skip_existing,
            fsync: self.fsync,
            allow_unframed: self.allow_unframed,
            partials,
            stop,
            ..Job::new(self.dest)
        })
    }
}

impl DownloadRange {
    /// Returns the task for these lines.
    pub(super) fn of(items: &[Item], settings: &Settings) -> Self {
        Self {
            items: items.iter().filter_map(SentItem::of).collect(),
            settings: settings.clone(),
        }
    }
}

impl Task for DownloadRange {
    type Output = RangeResult;
    const NAME: &'static str = "flags::download-range";
    // Raised with every change of what is sent, so that workers of another version refuse it. 3: the marker of the run, and refusals.
    const VERSION: u32 = 3;

    fn run(self) -> RangeResult {
        let began = Instant::now();
        let mut records = Vec::with_capacity(self.items.len());
        let strategy = self.settings.strategy;
        let connections =
            Shared::of_this_process().connections(strategy, self.settings.connections);
        let stop = CancellationToken::new();
        let mut result = RangeResult {
            records: Vec::new(),
            elapsed: Duration::ZERO,
            unsaved: None,
            error: None,
            refusal: None,
            worker: worker_name(),
        };
        match self.settings.job(stop.clone()) {
            Ok(job) => {
                let job = Arc::new(job);
                let mut items = stream::iter(self.items.into_iter().map(SentItem::item));
                let mut note = |record| records.extend(SentRecord::of(&record, began));
                let items = std::pin::Pin::new(&mut items);
                let ran =
                    while_watched(&stop, || strategy.run(&job, items, connections, &mut note));
                result.unsaved = job.saving.impossible();
                result.error = ran.flatten().err().map(|error| error_chain(&error));
            }
            Err(why) => {
                // Meanwhile the other workers take the ranges, which this one would otherwise take and refuse at once.
                wait_while_not_cancelled(REFUSAL_PAUSE);
                result.refusal = Some(why);
            }
        }
        RangeResult {
            records,
            elapsed: began.elapsed(),
            ..result
        }
    }
}

/// Waits this long, or until the task that this thread runs is cancelled.
fn wait_while_not_cancelled(pause: Duration) {
    let (task, until) = (current(), Instant::now() + pause);
    while Instant::now() < until && !task.is_cancelled() {
        thread::sleep(CHECK);
    }
}

/// Calls `function`, and cancels `stop` if the task that this thread runs is cancelled meanwhile.
///
/// # Errors
/// If the thread that watches cannot be started.
fn while_watched<T>(stop: &CancellationToken, function: impl FnOnce() -> T) -> io::Result<T> {
    let (over, is_over) = channel::<()>();
    let (task, stop): (Current, _) = (current(), stop.clone());
    let watch = move || {
        while is_over.recv_timeout(CHECK) == Err(RecvTimeoutError::Timeout) {
            if task.is_cancelled() {
                stop.cancel();
                return;
            }
        }
    };
    thread::Builder::new()
        .name("watch".to_owned())
        .spawn(watch)?;
    let value = function();
    drop(over);
    Ok(value)
}
