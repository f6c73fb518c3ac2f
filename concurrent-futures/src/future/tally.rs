//! How many of the futures of a [`wait`](crate::wait()) are settled, and how many of those have failed.

use std::time::Instant;

use crate::sync::{Condvar, Mutex, has_passed, lock, wait_until};

/// Counts what becomes of many futures, for one thread that waits.
pub(crate) struct Tally {
    counts: Mutex<Counts>,
    enough: Condvar,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// How many are not settled yet.
    pub(crate) open: usize,
    /// How many have been settled.
    pub(crate) settled: usize,
    /// How many of those failed; cancelled ones did not.
    pub(crate) failed: usize,
}

impl Tally {
    pub(crate) fn new(open: usize) -> Self {
        Self {
            counts: Mutex::new(Counts {
                open,
                settled: 0,
                failed: 0,
            }),
            enough: Condvar::new(),
        }
    }

    pub(crate) fn count(&self, failed: bool) {
        let mut counts = lock(&self.counts);
        counts.open -= 1;
        counts.settled += 1;
        counts.failed += usize::from(failed);
        drop(counts);
        self.enough.notify_one();
    }

    /// Waits until `is_enough`, at most until `deadline`.
    pub(crate) fn wait(&self, deadline: Option<Instant>, is_enough: impl Fn(Counts) -> bool) {
        let mut counts = lock(&self.counts);
        while !is_enough(*counts) && !has_passed(deadline) {
            counts = wait_until(&self.enough, counts, deadline);
        }
    }
}
