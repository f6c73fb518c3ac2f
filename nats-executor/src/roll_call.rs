//! What a worker answers when it is asked what it does.

use serde::{Deserialize, Serialize};

/// The state of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerState {
    /// The host and the process id.
    pub name: String,
    /// How many tasks it runs at a time.
    pub threads: usize,
    /// The number of tasks that run.
    pub running: usize,
    /// The number of tasks that wait for a thread.
    pub waiting: usize,
    /// The number of tasks that ended since it started.
    pub done: u64,
    /// The number of those that panicked, are unknown to it, or could not be decoded.
    pub failed: u64,
    /// The time that all tasks took, in milliseconds.
    pub busy_ms: u64,
    /// The time since it started, in milliseconds.
    pub up_ms: u64,
    /// The names and versions of its tasks.
    pub tasks: Vec<String>,
}
