//! Whom a future that is settled has to tell. A closed set, so that nothing is asked of the type of the value: also a value
//! that borrows can be waited for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::future::Future;
use crate::sync::{Condvar, Mutex, has_passed, lock, wait_until};

pub(crate) enum Observer<T> {
    /// Wants the future itself.
    Queue(Arc<Queue<T>>),
    /// Wants to know what became of it.
    Tally(Arc<Tally>),
    /// Awaits it; the number tells one who awaits from another.
    Waker(usize, Waker),
    /// Wants it lent.
    Callback(Callback<T>),
}

pub(crate) type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

impl<T> Observer<T> {
    pub(crate) fn is_waker(&self, number: usize) -> bool {
        matches!(self, Self::Waker(known, _) if *known == number)
    }

    pub(crate) fn is_tally(&self, tally: &Arc<Tally>) -> bool {
        matches!(self, Self::Tally(known) if Arc::ptr_eq(known, tally))
    }
}

/// Futures in the order in which they were settled, for one thread that takes them.
pub(crate) struct Queue<T> {
    settled: Mutex<Settled<T>>,
    came: Condvar,
}

struct Settled<T> {
    futures: VecDeque<Future<T>>,
    awaited: bool,
    /// Nobody comes for them any more, so they are not to be held.
    closed: bool,
}

impl<T> Queue<T> {
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

    pub(crate) fn push(&self, future: Future<T>) {
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
    pub(crate) fn take(&self, deadline: Option<Instant>) -> VecDeque<Future<T>> {
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
