//! The futures of an [`as_completed`](crate::as_completed()), in the order in which they are settled.
//!
//! The consumer is a thread that waits on the condition variable, or a task that has left its waker.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Instant;

use crate::sync::{Condvar, Mutex, has_passed, lock, wait_until};

/// A queue of futures in the order in which they were settled, for one consumer that takes them.
pub(crate) struct Queue<F> {
    settled: Mutex<Settled<F>>,
    arrived: Condvar,
}

struct Settled<F> {
    futures: VecDeque<F>,
    /// Whether the consumer waits for a future and must be notified.
    consumer_waits: bool,
    /// The waker of the task that awaits the next future.
    waker: Option<Waker>,
    /// Whether the consumer is gone, so that futures must no longer be kept.
    closed: bool,
}

impl<F> Queue<F> {
    pub(crate) fn new() -> Self {
        Self {
            settled: Mutex::new(Settled {
                futures: VecDeque::new(),
                consumer_waits: false,
                waker: None,
                closed: false,
            }),
            arrived: Condvar::new(),
        }
    }

    /// Adds a future. Returns the waker of the task that awaits one, which the caller must wake.
    pub(crate) fn push(&self, future: F) -> Option<Waker> {
        let mut settled = lock(&self.settled);
        if settled.closed {
            // Dropped after the unlock: this may drop a value, whose drop may take any time.
            drop(settled);
            drop(future);
            return None;
        }
        settled.futures.push_back(future);
        let consumer_waits = std::mem::take(&mut settled.consumer_waits);
        let waker = settled.waker.take();
        drop(settled);
        if consumer_waits {
            self.arrived.notify_one();
        }
        waker
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

    /// Takes all queued futures. If there are none, the next one wakes `waker`.
    pub(crate) fn take_or_wake(&self, waker: &Waker) -> VecDeque<F> {
        // Cloned and dropped outside the lock, because both run foreign code.
        let waker = waker.clone();
        let mut settled = lock(&self.settled);
        let futures = std::mem::take(&mut settled.futures);
        let unused = if futures.is_empty() {
            settled.waker.replace(waker)
        } else {
            Some(waker)
        };
        drop(settled);
        drop(unused);
        futures
    }

    pub(crate) fn close(&self) {
        let mut settled = lock(&self.settled);
        settled.closed = true;
        let futures = std::mem::take(&mut settled.futures);
        let waker = settled.waker.take();
        drop(settled);
        drop((futures, waker));
    }
}
