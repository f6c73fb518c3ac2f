//! The bound on the queue: each queued task holds a permit. A thread that submits waits for one, unless it is a worker of
//! the same pool.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A counting semaphore that can be closed.
pub(super) struct Semaphore {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    permits: usize,
    /// The pool takes no more tasks, so no thread is to wait.
    closed: bool,
}

impl Semaphore {
    pub(super) fn new(permits: usize) -> Self {
        Self {
            state: Mutex::new(State {
                permits,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Takes a permit. Returns false when there is none and the caller `cannot_wait`. Once closed there is a permit for
    /// every caller: each is to hear the reason from the pool.
    pub(super) fn acquire(&self, cannot_wait: bool) -> bool {
        let mut state = self.state();
        while state.permits == 0 && !state.closed {
            if cannot_wait {
                return false;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.permits = state.permits.saturating_sub(1);
        true
    }

    /// Gives a permit back.
    pub(super) fn release(&self) {
        self.state().permits += 1;
        self.changed.notify_one();
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
