//! The number of changes of all counters, for threads that wait for one.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The changes so far.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    number: u64,
    /// How many threads wait.
    waiting: usize,
}

impl Changes {
    /// Wakes all waiting threads. Called after each change, so it makes no system call if no thread waits.
    pub(crate) fn notify(&self) {
        let mut state = self.lock();
        state.number += 1;
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.lock().number
    }

    /// Blocks until the number is no longer `known`, or until the deadline. Returns whether it has changed.
    pub(crate) fn wait(&self, known: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let unchanged = |state: &mut State| state.number == known;
        let mut state = self.lock();
        state.waiting += 1;
        let waited = self.changed.wait_timeout_while(state, left, unchanged);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state.number != known
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
