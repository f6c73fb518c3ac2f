//! How many tasks of a pool are unfinished: the one figure that a task changes itself, at the moment its call returns.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Tasks that are queued, running, or running their callbacks.
#[derive(Default)]
pub(super) struct TaskCounter(AtomicUsize);

impl TaskCounter {
    /// Counts one more task. Returns how many there are now.
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
