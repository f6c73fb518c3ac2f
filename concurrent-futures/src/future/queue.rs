//! The futures of an [`as_completed`](crate::as_completed()), in the order in which they are settled.

use std::collections::VecDeque;
use std::time::Instant;

use crate::sync::{Condvar, Mutex, has_passed, lock, wait_until};

/// A queue of futures in the order in which they were settled, for one thread that takes them.
pub(crate) struct Queue<F> {
    settled: Mutex<Settled<F>>,
    arrived: Condvar,
}

struct Settled<F> {
    futures: VecDeque<F>,
    /// Whether the consumer waits for a future and must be notified.
    consumer_waits: bool,
    /// Whether the consumer is gone, so that futures must no longer be kept.
    closed: bool,
}

impl<F> Queue<F> {
    pub(crate) fn new() -> Self {
        Self {
            settled: Mutex::new(Settled {
                futures: VecDeque::new(),
                consumer_waits: false,
                closed: false,
            }),
            arrived: Condvar::new(),
        }
    }

    pub(crate) fn push(&self, future: F) {
        let mut settled = lock(&self.settled);
        if settled.closed {
            // Dropped after the unlock: this may drop a value, whose drop may take any time.
            drop(settled);
            drop(future);
            return;
        }
        settled.futures.push_back(future);
        let consumer_waits = std::mem::take(&mut settled.consumer_waits);
        drop(settled);
        if consumer_waits {
            self.arrived.notify_one();
        }
    }

    /// Takes all queued futures. Waits until there is at least one; returns none if `deadline` passes first.
    pub(crate) fn take(&self, deadline: Option<Instant>) -> VecDeque<F> {
        let mut settled = lock(&self.settled);
        while settled.futures.is_empty() && !has_passed(deadline) {
            settled.consumer_waits = true;
            settled = wait_until(&self.arrived, settled, deadline);
        }
        settled.consumer_waits = false;
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
