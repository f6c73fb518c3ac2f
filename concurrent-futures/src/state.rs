//! The state machine of one future: pending -> running -> finished, or pending -> cancelled. No transition goes back.
//!
//! One atomic byte decides which side wins: a worker that starts the task, or a thread that cancels it. The outcome is
//! stored in a cell that is written once, before the byte says "finished", so that it can be lent to any number of
//! holders without a lock. A mutex guards only the list of observers.
//!
//! A thread that adds an observer first sets a flag in the same byte, under the lock. If it then finds the future
//! settled, it need not wait; otherwise the thread that settles the future sees the flag and takes the list. A future
//! without observers is settled without the lock. All of this is checked under loom, see `tests/loom.rs`.

use std::sync::OnceLock;
use std::time::Instant;

use crate::error::TaskError;
use crate::sync::{AtomicU8, Condvar, Mutex, Ordering, has_passed, lock, wait_until};

const PENDING: u8 = 0;
const RUNNING: u8 = 1;
/// Claimed by its promise without having run: it can no longer be cancelled, and is about to be finished.
const CLAIMED: u8 = 2;
const FINISHED: u8 = 3;
const CANCELLED: u8 = 4;
const STAGE: u8 = 0b111;
/// Set if there is an observer or a blocked thread, or one is about to be added.
const WATCHED: u8 = 0b1000;

/// The outcome of every cancelled future. Cancelling is a single step on the byte and writes no cell.
static CANCELLED_OUTCOME: TaskError = TaskError::Cancelled;

/// The state of a task with a value of type `T`, watched by observers of type `O`.
pub(crate) struct State<T, O> {
    byte: AtomicU8,
    outcome: OnceLock<Result<T, TaskError>>,
    watched: Mutex<Watched<O>>,
    settled: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    Running,
    Finished,
    Cancelled,
}

/// The observers of a future, and the number of threads blocked in [`State::wait`].
struct Watched<O> {
    observers: Vec<O>,
    blocked: usize,
}

impl<T, O> State<T, O> {
    pub(crate) fn new() -> Self {
        Self {
            byte: AtomicU8::new(PENDING),
            outcome: OnceLock::new(),
            watched: Mutex::new(Watched {
                observers: Vec::new(),
                blocked: 0,
            }),
            settled: Condvar::new(),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.byte.load(Ordering::Acquire) & STAGE {
            RUNNING => Stage::Running,
            FINISHED => Stage::Finished,
            CANCELLED => Stage::Cancelled,
            _ => Stage::Pending,
        }
    }

    pub(crate) fn outcome(&self) -> Option<Result<&T, &TaskError>> {
        match self.stage() {
            Stage::Pending | Stage::Running => None,
            Stage::Finished => self.outcome.get().map(Result::as_ref),
            Stage::Cancelled => Some(Err(&CANCELLED_OUTCOME)),
        }
    }

    /// Returns the outcome and drops the rest of the state.
    pub(crate) fn into_outcome(self) -> Option<Result<T, TaskError>> {
        self.outcome.into_inner()
    }

    /// Waits for the outcome and returns it, or `None` if `deadline` passes first.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Result<&T, &TaskError>> {
        if let Some(outcome) = self.outcome() {
            return Some(outcome);
        }
        let mut watched = lock(&self.watched);
        self.set_watched();
        watched.blocked += 1;
        let outcome = loop {
            if let Some(outcome) = self.outcome() {
                break Some(outcome);
            }
            if has_passed(deadline) {
                break None;
            }
            watched = wait_until(&self.settled, watched, deadline);
        };
        watched.blocked -= 1;
        outcome
    }

    /// Marks a pending future as running. Returns false if it was cancelled.
    pub(crate) fn begin(&self) -> bool {
        self.leave_pending(RUNNING).is_some()
    }

    /// Cancels a pending future. Returns the observers, which the caller must notify, or `None` if it was not pending.
    pub(crate) fn cancel(&self) -> Option<Vec<O>> {
        let before = self.leave_pending(CANCELLED)?;
        Some(self.take_observers(before))
    }

    /// Settles a future that is not settled. Returns the observers, which the caller must notify, or `None` if it was
    /// settled before. Only the holder of the promise may call this.
    pub(crate) fn settle(&self, outcome: Result<T, TaskError>) -> Option<Vec<O>> {
        let open = self.leave_pending(CLAIMED).is_some() || self.stage() == Stage::Running;
        if !open || self.outcome.set(outcome).is_err() {
            return None;
        }
        let before = self.byte.swap(FINISHED, Ordering::AcqRel);
        Some(self.take_observers(before))
    }

    /// Adds an observer. Returns it as the error if the future is already settled.
    pub(crate) fn observe(&self, observer: O) -> Result<(), O> {
        let mut watched = lock(&self.watched);
        self.set_watched();
        if self.is_settled() {
            return Err(observer);
        }
        watched.observers.push(observer);
        Ok(())
    }

    /// Same as [`observe`](Self::observe), but replaces the first observer for which `is_old` returns true, if any.
    pub(crate) fn observe_or_replace(
        &self,
        observer: O,
        is_old: impl Fn(&O) -> bool,
    ) -> Result<(), O> {
        let mut watched = lock(&self.watched);
        self.set_watched();
        if self.is_settled() {
            return Err(observer);
        }
        let mut observers = watched.observers.iter_mut();
        let Some(place) = observers.find(|old| is_old(old)) else {
            watched.observers.push(observer);
            return Ok(());
        };
        let old = std::mem::replace(place, observer);
        // Dropping the old observer runs foreign code, which must not run under the lock.
        drop(watched);
        drop(old);
        Ok(())
    }

    /// Removes the observers that are `unwanted`.
    pub(crate) fn remove_observers(&self, unwanted: impl Fn(&O) -> bool) {
        let mut watched = lock(&self.watched);
        let removed: Vec<_> = watched
            .observers
            .extract_if(.., |observer| unwanted(observer))
            .collect();
        drop(watched);
        drop(removed);
    }

    /// Moves a pending future to the stage `to`. Returns the byte as it was before, or `None` if the future was not
    /// pending.
    fn leave_pending(&self, to: u8) -> Option<u8> {
        let step = |byte| (byte & STAGE == PENDING).then_some(to | (byte & WATCHED));
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.byte.fetch_update(set, fetch, step).ok()
    }

    /// Sets the watched flag. Must be called before the stage is read: a thread that settles the future after that read
    /// sees the flag.
    fn set_watched(&self) {
        self.byte.fetch_or(WATCHED, Ordering::AcqRel);
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.stage(), Stage::Finished | Stage::Cancelled)
    }

    /// Wakes the threads that block in [`wait`](Self::wait) and returns the observers. `before` is the byte before the
    /// future was settled.
    fn take_observers(&self, before: u8) -> Vec<O> {
        if before & WATCHED == 0 {
            return Vec::new();
        }
        let mut watched = lock(&self.watched);
        let observers = std::mem::take(&mut watched.observers);
        let blocked = watched.blocked > 0;
        drop(watched);
        if blocked {
            // Notifying costs a system call even if no thread waits.
            self.settled.notify_all();
        }
        observers
    }
}
