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

/// The settings of a run that the downloads of its ranges depend on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Settings {
    /// A number that other runs do not have.
    run: u64,
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
}

impl Settings {
    /// Returns the settings of a job.
    ///
    /// # Errors
    /// If the working folder is not known.
    pub(super) fn of(job: &Job, strategy: Strategy, connections: NonZeroUsize) -> io::Result<Self> {
        let RequestLimits {
            connect_timeout,
            timeout,
            size,
            allow_downgrade,
        } = job.limits;
        Ok(Self {
            run: fastrand::u64(..),
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
    /// A message, if no file can be created in the folder.
    fn job(self, stop: CancellationToken) -> Result<Job, String> {
        let shared = Shared::of_this_process();
        let partials = shared.partials(self.run, &self.dest, self.fsync)?;
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
    // Raised with every change of what is sent, so that workers of another version refuse it. 2: the number of the run.
    const VERSION: u32 = 2;

    fn run(self) -> RangeResult {
        let began = Instant::now();
        let mut records = Vec::with_capacity(self.items.len());
        let (strategy, connections) = (self.settings.strategy, self.settings.connections);
        let stop = CancellationToken::new();
        let mut unsaved = None;
        let ran = self.settings.job(stop.clone()).and_then(|job| {
            let job = Arc::new(job);
            let mut items = stream::iter(self.items.into_iter().map(SentItem::item));
            let mut note = |record| records.extend(SentRecord::of(&record, began));
            let items = std::pin::Pin::new(&mut items);
            let ran = while_watched(&stop, || strategy.run(&job, items, connections, &mut note));
            unsaved = job.saving.impossible();
            ran.flatten().map_err(|error| error_chain(&error))
        });
        RangeResult {
            records,
            elapsed: began.elapsed(),
            unsaved,
            error: ran.err(),
        }
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
