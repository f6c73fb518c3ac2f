//! The bound on the queue: who submits waits for room, unless it is a worker of the same pool.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many places in a queue.
pub(super) struct Room {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: usize,
    /// Nothing more will be taken, so nobody is to wait.
    closed: bool,
}

impl Room {
    pub(super) fn new(free: usize) -> Self {
        Self {
            state: Mutex::new(State {
                free,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Takes a place. False when there is none and the caller `cannot_wait`. Once closed there is a place for everyone: they
    /// are to hear the reason from the pool.
    pub(super) fn enter(&self, cannot_wait: bool) -> bool {
        let mut state = self.state();
        while state.free == 0 && !state.closed {
            if cannot_wait {
                return false;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.free = state.free.saturating_sub(1);
        true
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.state().free += 1;
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
