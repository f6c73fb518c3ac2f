//! Counts how many of the futures of a [`wait`](crate::wait()) are settled, and how many of those have failed.

use std::time::Instant;

use crate::sync::{Condvar, Mutex, has_passed, lock, wait_until};

/// The counts of many futures, for one thread that waits.
pub(crate) struct Tally {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// The number of futures that are not settled yet.
    pub(crate) unsettled: usize,
    /// The number of futures that are settled.
    pub(crate) settled: usize,
    /// The number of settled futures that failed; cancelled ones did not.
    pub(crate) failed: usize,
}

impl Tally {
    pub(crate) fn new(unsettled: usize) -> Self {
        Self {
            counts: Mutex::new(Counts {
                unsettled,
                settled: 0,
                failed: 0,
            }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn count(&self, failed: bool) {
        let mut counts = lock(&self.counts);
        counts.unsettled -= 1;
        counts.settled += 1;
        counts.failed += usize::from(failed);
        drop(counts);
        self.changed.notify_one();
    }

    /// Waits until `is_enough` returns true, until `deadline` at most.
    pub(crate) fn wait(&self, deadline: Option<Instant>, is_enough: impl Fn(Counts) -> bool) {
        let mut counts = lock(&self.counts);
        while !is_enough(*counts) && !has_passed(deadline) {
            counts = wait_until(&self.changed, counts, deadline);
        }
    }
}
