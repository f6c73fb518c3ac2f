//! The three strategies. Each is an ordinary blocking function with the same shape, in a file of its own, and calls the
//! same `download_flag`: a strategy decides only *when* a flag is downloaded. None knows of terminals, tallies or signals.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::job::Job;
use crate::record::Record;

mod semaphore;
mod sequential;
mod thread_pool;

/// When flags are downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One after another.
    Sequential,
    /// On a pool of threads, each of which waits for its own flag.
    ThreadPool,
    /// All on one thread, which waits for many flags at once; a semaphore bounds how many.
    Semaphore,
}

impl Strategy {
    /// All of them, the simplest first.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::ThreadPool, Self::Semaphore];

    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::ThreadPool => "threadpool",
            Self::Semaphore => "semaphore",
        }
    }

    /// The connection limit when none is asked for.
    ///
    /// # Source
    /// `DEFAULT_CONCUR_REQ` of flags_sequential.py and flags_threadpool.py (*Fluent Python*, 1st edition).
    pub fn default_limit(self) -> NonZeroUsize {
        match self {
            Self::Sequential => NonZeroUsize::MIN,
            Self::ThreadPool | Self::Semaphore => const { NonZeroUsize::new(30).unwrap() },
        }
    }

    /// The highest connection limit there is.
    ///
    /// # Source
    /// `MAX_CONCUR_REQ`, as above.
    pub fn cap(self) -> NonZeroUsize {
        match self {
            Self::Sequential => NonZeroUsize::MIN,
            Self::ThreadPool | Self::Semaphore => const { NonZeroUsize::new(1000).unwrap() },
        }
    }

    /// How many files a connection keeps open: a socket and the file that its flag is saved in. A thread of the pool has a
    /// runtime of its own, which takes three more.
    pub(crate) fn descriptors_per_connection(self) -> u64 {
        match self {
            Self::Sequential | Self::Semaphore => 2,
            Self::ThreadPool => 5,
        }
    }

    /// Downloads every flag of `job`, at most `limit` at a time, and hands `notify` one record a code as they come.
    ///
    /// Blocks until all have come. When the job is stopped, the records of what is left come at once.
    ///
    /// # Errors
    /// When the system gives no runtime, no thread or no client to begin with; codes without a record were not
    /// attempted.
    pub fn run(
        self,
        job: &Arc<Job>,
        limit: NonZeroUsize,
        notify: &mut dyn FnMut(Record),
    ) -> io::Result<()> {
        match self {
            Self::Sequential => sequential::run(job, notify),
            Self::ThreadPool => thread_pool::run(job, limit, notify),
            Self::Semaphore => semaphore::run(job, limit, notify),
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
