//! Counts the unfinished tasks of a pool: the one figure that a task updates itself, at the moment its call returns.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of tasks that are queued, running, or running their callbacks.
#[derive(Default)]
pub(super) struct TaskCounter(AtomicUsize);

impl TaskCounter {
    /// Counts one more task. Returns the new number.
    pub(super) fn increment(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn decrement(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
