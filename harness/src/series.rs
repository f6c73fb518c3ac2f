//! What distinguishes the runs of a comparison: the executor and its number of workers.

use std::fmt;
use std::num::NonZeroUsize;
use std::thread;

use comparison::count;
use serde::{Deserialize, Serialize};

/// What runs the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExecutorKind {
    /// One task after another, in the calling thread.
    Sequential,
    /// A pool of threads.
    Threads,
    /// A pool of processes.
    Processes,
    /// Workers on any machine that take their tasks from a NATS server.
    Nats,
}

impl ExecutorKind {
    /// The kinds that need nothing but this machine, in display order.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::Threads, Self::Processes];

    /// The names of all kinds, in display order.
    pub const NAMES: [&str; 4] = [
        Self::ALL[0].name(),
        Self::ALL[1].name(),
        Self::ALL[2].name(),
        Self::Nats.name(),
    ];

    /// Returns the name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
            Self::Processes => "processes",
            Self::Nats => "nats",
        }
    }

    /// Returns the kind of this name, in any case.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .chain([Self::Nats])
            .find(|kind| name.eq_ignore_ascii_case(kind.name()))
    }
}

impl fmt::Display for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An executor with its number of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Series {
    executor: ExecutorKind,
    workers: NonZeroUsize,
}

impl Series {
    /// Returns the series with this many workers; by default, one per processor that this process may use. A sequential
    /// executor always has one. For [`Nats`](ExecutorKind::Nats), it is the number of threads of all its workers.
    pub fn new(executor: ExecutorKind, workers: Option<NonZeroUsize>) -> Self {
        let workers = match executor {
            ExecutorKind::Sequential => NonZeroUsize::MIN,
            ExecutorKind::Nats => workers.unwrap_or(NonZeroUsize::MIN),
            ExecutorKind::Threads | ExecutorKind::Processes => workers
                .or_else(|| thread::available_parallelism().ok())
                .unwrap_or(NonZeroUsize::MIN),
        };
        Self { executor, workers }
    }

    /// Returns the executor.
    pub fn executor(self) -> ExecutorKind {
        self.executor
    }

    /// Returns the number of workers.
    pub fn workers(self) -> usize {
        self.workers.get()
    }
}

/// Such as `threads, 2 workers`.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.executor, count(self.workers(), "worker"))
    }
}
