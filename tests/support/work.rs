//! A job that a strategy runs in the process of the test, without the program.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use flags::country::CountryCode;
use flags::item::Item;
use flags::job::Job;
use flags::record::Record;
use flags::server::BaseUrl;
use flags::strategy::Strategy;
use futures_util::stream;
use tempfile::TempDir;
use tokio::runtime;
use tokio::time::timeout;

use super::{WATCHDOG, limit, listing};

/// Items, a job, and the temporary folder in which it saves them.
pub(crate) struct Work {
    pub(crate) items: Vec<Item>,
    pub(crate) job: Arc<Job>,
    pub(crate) dest: TempDir,
}

impl Work {
    pub(crate) fn new(base: &str, codes: Vec<CountryCode>) -> Self {
        Self::with_timeout(base, codes, WATCHDOG)
    }

    pub(crate) fn with_timeout(base: &str, codes: Vec<CountryCode>, timeout: Duration) -> Self {
        Self::with(base, codes, |job| job.limits.timeout = timeout)
    }

    /// Creates a job and applies `change` to it.
    pub(crate) fn with(base: &str, codes: Vec<CountryCode>, change: impl FnOnce(&mut Job)) -> Self {
        let base = Arc::new(BaseUrl::parse(base).unwrap());
        let items = codes.into_iter().map(|code| Item::flag(code, &base));
        Self::of_items(items.collect(), change)
    }

    /// Creates a job for these items and applies `change` to it.
    pub(crate) fn of_items(items: Vec<Item>, change: impl FnOnce(&mut Job)) -> Self {
        let dest = tempfile::tempdir().unwrap();
        let mut job = Job::new(dest.path().to_owned());
        job.limits.timeout = WATCHDOG;
        change(&mut job);
        Self {
            items,
            job: Arc::new(job),
            dest,
        }
    }

    /// Runs the job and returns its records, sorted. Panics unless there is exactly one for each item.
    pub(crate) fn run(&self, strategy: Strategy, connections: usize) -> Vec<Record> {
        let mut records = Vec::new();
        let (limit, items) = (limit(connections), self.items.iter().cloned());
        let items = pin!(stream::iter(items));
        let ran = strategy.run(&self.job, items, limit, &mut |record| {
            records.push(record);
        });
        ran.unwrap();
        records.sort_by_key(|record| record.item.clone());
        let recorded: Vec<_> = records.iter().map(|record| record.item.clone()).collect();
        assert_eq!(recorded, self.items, "one record per item");
        records
    }

    /// Returns the names of the files in the folder, sorted.
    pub(crate) fn listing(&self) -> Vec<String> {
        listing(self.dest.path())
    }
}

/// Blocks until the first pause of this job begins.
pub(crate) fn pause_begins(job: &Job) {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let begun = runtime.block_on(async { timeout(WATCHDOG, job.traffic.pauses.begun()).await });
    begun.unwrap();
}
