//! The three strategies.
//!
//! Each is an ordinary blocking function of the same shape, in its own file. All call the same `download_item`: a
//! strategy decides only *when* an item is downloaded. None knows of terminals, tallies or signals.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::job::Job;
use crate::record::Record;

mod semaphore;
mod sequential;
mod thread_pool;

/// The items of a run, as they become known. Not all of them are at once: a list may be longer than the memory, or come from
/// a program that is still writing it.
pub type Items<'a> = Pin<&'a mut dyn Stream<Item = Item>>;

/// A way to download many flags: which downloads run at the same time, and on which threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One flag after another.
    Sequential,
    /// On a pool of threads. Each thread waits for one flag at a time.
    ThreadPool,
    /// On one thread that waits for many flags at once. A semaphore limits their number.
    Semaphore,
}

impl Strategy {
    /// All strategies, the simplest first.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::ThreadPool, Self::Semaphore];

    /// Returns the name used on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::ThreadPool => "threadpool",
            Self::Semaphore => "semaphore",
        }
    }

    /// Returns the connection limit used if the user sets none.
    ///
    /// # Source
    /// `DEFAULT_CONCUR_REQ` of flags_sequential.py and flags_threadpool.py (*Fluent Python*, 1st edition).
    pub fn default_limit(self) -> NonZeroUsize {
        match self {
            Self::Sequential => NonZeroUsize::MIN,
            Self::ThreadPool | Self::Semaphore => const { NonZeroUsize::new(30).unwrap() },
        }
    }

    /// Returns the highest connection limit allowed.
    ///
    /// # Source
    /// `MAX_CONCUR_REQ`, as above.
    pub fn cap(self) -> NonZeroUsize {
        match self {
            Self::Sequential => NonZeroUsize::MIN,
            Self::ThreadPool | Self::Semaphore => const { NonZeroUsize::new(1000).unwrap() },
        }
    }

    /// Returns the number of descriptors that one connection needs: a socket and the file that its flag is saved in.
    /// Each thread of the pool has its own runtime, which needs three more.
    pub(crate) fn descriptors_per_connection(self) -> u64 {
        match self {
            Self::Sequential | Self::Semaphore => 2,
            Self::ThreadPool => 5,
        }
    }

    /// Returns the number of further descriptors that one connection needs if its file is saved in subfolders: a folder and
    /// the one in it are open while it is. Where all files are saved on one thread, that is done for one file at a time.
    pub(crate) fn descriptors_for_subfolders(self) -> u64 {
        match self {
            Self::Sequential | Self::Semaphore => 0,
            Self::ThreadPool => 2,
        }
    }

    /// Downloads every item, at most `limit` at a time, and passes one record per item to `notify` as each arrives.
    ///
    /// Takes an item when its download can start, so memory follows `limit` and not the number of items; the thread pool
    /// takes as many again, which wait for a thread. Blocks until the stream has ended and every item has a record. If the
    /// job is stopped, the remaining records arrive at once.
    ///
    /// # Errors
    /// If the runtime, a thread or the client cannot be created. Each item taken has a record; the others were not attempted.
    pub fn run(
        self,
        job: &Arc<Job>,
        items: Items<'_>,
        limit: NonZeroUsize,
        notify: &mut dyn FnMut(Record),
    ) -> io::Result<()> {
        match self {
            Self::Sequential => sequential::run(job, items, notify),
            Self::ThreadPool => thread_pool::run(job, items, limit, notify),
            Self::Semaphore => semaphore::run(job, items, limit, notify),
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_reports_and_on_the_command_line() {
        for strategy in Strategy::ALL {
            let written = serde_json::to_value(strategy).unwrap();
            assert_eq!(written, strategy.name());
        }
    }
}
