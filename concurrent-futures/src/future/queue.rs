//! The futures of an [`as_completed`](crate::as_completed()), in the order in which they are settled.

use std::collections::VecDeque;
use std::time::Instant;

use crate::sync::{Condvar, Mutex, has_passed, lock, wait_until};

/// Futures in the order in which they were settled, for one thread that takes them.
pub(crate) struct Queue<F> {
    settled: Mutex<Settled<F>>,
    came: Condvar,
}

struct Settled<F> {
    futures: VecDeque<F>,
    awaited: bool,
    /// Nobody comes for them any more, so they are not to be held.
    closed: bool,
}

impl<F> Queue<F> {
    pub(crate) fn new() -> Self {
        Self {
            settled: Mutex::new(Settled {
                futures: VecDeque::new(),
                awaited: false,
                closed: false,
            }),
            came: Condvar::new(),
        }
    }

    pub(crate) fn push(&self, future: F) {
        let mut settled = lock(&self.settled);
        if settled.closed {
            // After the unlocking: a value may be dropped with it, which may take any time.
            drop(settled);
            drop(future);
            return;
        }
        settled.futures.push_back(future);
        let awaited = std::mem::take(&mut settled.awaited);
        drop(settled);
        if awaited {
            self.came.notify_one();
        }
    }

    /// All that are there; waits until there is one, or for none until `deadline`.
    pub(crate) fn take(&self, deadline: Option<Instant>) -> VecDeque<F> {
        let mut settled = lock(&self.settled);
        while settled.futures.is_empty() && !has_passed(deadline) {
            settled.awaited = true;
            settled = wait_until(&self.came, settled, deadline);
        }
        settled.awaited = false;
        std::mem::take(&mut settled.futures)
    }

    pub(crate) fn close(&self) {
        let mut settled = lock(&self.settled);
        settled.closed = true;
        let futures = std::mem::take(&mut settled.futures);
        drop(settled);
        drop(futures);
    }
}
