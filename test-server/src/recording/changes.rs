//! Changes of what a server records, for threads that wait for one.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The number of changes of all counters, for threads that wait for one.
#[derive(Debug, Default)]
pub(super) struct Changes {
    number: Mutex<u64>,
    changed: Condvar,
}

impl Changes {
    /// Wakes all waiting threads. Called after each change.
    pub(super) fn notify(&self) {
        *self.lock() += 1;
        self.changed.notify_all();
    }

    pub(super) fn number(&self) -> u64 {
        *self.lock()
    }

    /// Blocks until the number is no longer `known`, or until the deadline. Returns whether it has changed.
    pub(super) fn wait(&self, known: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let unchanged = |number: &mut u64| *number == known;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), left, unchanged);
        let (number, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *number != known
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
