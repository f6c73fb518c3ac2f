//! The bound on the queue: each queued task holds a permit. A thread that submits a task waits for a permit, unless it
//! is a worker of the same pool.

use crate::sync::{Condvar, Mutex, lock, wait_until};

/// A counting semaphore that can be closed.
pub(super) struct Semaphore {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    permits: usize,
    /// Whether the pool accepts no more tasks, so that no thread needs to wait for a permit.
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

    /// Takes a permit and waits for one if necessary. Returns false if there is none and the caller `cannot_wait`.
    /// After [`close`](Self::close) every caller gets a permit, so that the pool can return the reason.
    pub(super) fn acquire(&self, cannot_wait: bool) -> bool {
        let mut state = lock(&self.state);
        while state.permits == 0 && !state.closed {
            if cannot_wait {
                return false;
            }
            state = wait_until(&self.changed, state, None);
        }
        state.permits = state.permits.saturating_sub(1);
        true
    }

    /// Returns a permit.
    pub(super) fn release(&self) {
        lock(&self.state).permits += 1;
        self.changed.notify_one();
    }

    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}
