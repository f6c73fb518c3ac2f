//! The state machine of one future: pending -> running -> finished, or pending -> cancelled. No transition goes back.
//!
//! One atomic byte decides which side wins: a worker that starts the task, or a thread that cancels it. The outcome is
//! stored in a cell that is written once, before the byte says "finished", so that it can be lent to any number of
//! holders without a lock. A mutex guards only the list of observers.
//!
//! A thread that adds an observer or blocks first sets a flag in the same byte, under the lock. If it then finds the
//! future settled, it need not wait; otherwise the thread that settles the future sees the flag and takes the list. A
//! future without observers is settled without the lock. All of this is checked under loom, see `tests/loom.rs`.
//!
//! The only handle can take the value out. The promise is not a handle, but it holds the state as well, and releases it
//! a moment after the handle has seen the outcome. So the last holder passes the value on when it drops the state: a
//! handle that finds the promise in its way need not poll for that moment.

mod handover;
mod progress;

use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Instant;

use crate::error::TaskError;
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, has_passed, lock, wait_until};
use handover::Handover;
use progress::{Flags, Progress};

pub(crate) use progress::Stage;

/// The outcome of every cancelled future. Cancelling is a single step on the byte and writes no cell.
static CANCELLED_OUTCOME: TaskError = TaskError::Cancelled;

/// The state of a task with a value of type `T`, watched by observers of type `O`.
///
/// Every task has one, and its size is much of what a task costs. So what only some futures need is boxed: an error, and
/// the observers.
pub(crate) struct State<T, O> {
    progress: Progress,
    outcome: OnceLock<Result<T, Box<TaskError>>>,
    handles: AtomicUsize,
    watched: Mutex<Option<Box<Watched<T, O>>>>,
    changed: Condvar,
}

/// The observers of a future, and the handle that waits to take its value.
struct Watched<T, O> {
    observers: Vec<O>,
    taker: Option<Arc<Handover<T>>>,
}

impl<T, O> State<T, O> {
    /// Returns the state of a pending task with one handle.
    pub(crate) fn new() -> Self {
        Self {
            progress: Progress::new(),
            outcome: OnceLock::new(),
            handles: AtomicUsize::new(1),
            watched: Mutex::new(None),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.progress.stage()
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.stage(), Stage::Finished | Stage::Cancelled)
    }

    pub(crate) fn outcome(&self) -> Option<Result<&T, &TaskError>> {
        match self.stage() {
            Stage::Pending | Stage::Running => None,
            Stage::Finished => {
                let outcome = self.outcome.get()?;
                Some(outcome.as_ref().map_err(Box::as_ref))
            }
            Stage::Cancelled => Some(Err(&CANCELLED_OUTCOME)),
        }
    }

    /// Waits for the outcome and returns it, or `None` if `deadline` passes first.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Result<&T, &TaskError>> {
        if !self.is_settled() {
            self.block_while(deadline, || !self.is_settled());
        }
        self.outcome()
    }

    /// Marks a pending future as running. Returns false if it was cancelled.
    pub(crate) fn begin(&self) -> bool {
        self.progress.begin()
    }

    /// Cancels a pending future. Returns the observers, which the caller must notify, or `None` if it was not pending.
    pub(crate) fn cancel(&self) -> Option<Vec<O>> {
        let flags = self.progress.cancel()?;
        Some(self.take_observers(flags))
    }

    /// Settles a future that is not settled. Returns the observers, or `None` if it was settled before. If there are
    /// any, the caller must notify them and then call [`notified`](Self::notified). Only the holder of the promise may
    /// call this.
    pub(crate) fn settle(&self, outcome: Result<T, TaskError>) -> Option<Vec<O>> {
        if !self.progress.claim() || self.outcome.set(outcome.map_err(Box::new)).is_err() {
            return None;
        }
        let flags = self.progress.finish();
        let observers = self.take_observers(flags);
        if flags.observed() && observers.is_empty() {
            self.notified();
        }
        Some(observers)
    }

    /// Ends the notification of the observers that [`settle`](Self::settle) has returned.
    pub(crate) fn notified(&self) {
        if let Some(flags) = self.progress.notified()
            && flags.blocked()
        {
            // A thread that holds the lock may be about to wait.
            drop(lock(&self.watched));
            self.changed.notify_all();
        }
    }

    /// Adds an observer. Returns it as the error if the future is already settled.
    pub(crate) fn observe(&self, observer: O) -> Result<(), O> {
        let mut watched = lock(&self.watched);
        self.progress.set_observed();
        if self.is_settled() {
            return Err(observer);
        }
        watched.get_or_insert_default().observers.push(observer);
        Ok(())
    }

    /// Same as [`observe`](Self::observe), but replaces the first observer for which `is_old` returns true, if any.
    pub(crate) fn observe_or_replace(
        &self,
        observer: O,
        is_old: impl Fn(&O) -> bool,
    ) -> Result<(), O> {
        let mut watched = lock(&self.watched);
        self.progress.set_observed();
        if self.is_settled() {
            return Err(observer);
        }
        let observers = &mut watched.get_or_insert_default().observers;
        let Some(place) = observers.iter_mut().find(|old| is_old(old)) else {
            observers.push(observer);
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
            .iter_mut()
            .flat_map(|watched| watched.observers.extract_if(.., |o| unwanted(o)))
            .collect();
        drop(watched);
        drop(removed);
    }

    /// Counts one more handle.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one handle less. The caller must release the state at once.
    pub(crate) fn remove_handle(&self) {
        let is_last = self.handles.load(Ordering::Acquire) == 1;
        // After the last handle only the promise can create another one, and only for an observer. Without observers
        // the count is not read again, and a write can be saved.
        if !is_last || self.progress.flags().observed() {
            self.handles.fetch_sub(1, Ordering::Release);
        }
    }

    /// Returns whether a finished future has one handle, which is the caller's. Waits while the observers are notified,
    /// because that may create handles.
    pub(crate) fn has_one_handle(&self) -> bool {
        if self.progress.is_notifying() {
            self.block_while(None, || self.progress.is_notifying());
        }
        self.handles.load(Ordering::Acquire) == 1
    }

    /// Takes the value out.
    pub(crate) fn take_value(&mut self) -> Option<T> {
        self.outcome.take()?.ok()
    }

    /// Returns the place where the last holder of the state will put the value. Only for the only handle of a finished
    /// future, which must release the state before it waits for the value.
    pub(crate) fn hand_over(&self) -> Arc<Handover<T>> {
        let handover = Arc::new(Handover::new());
        let taker = Some(Arc::clone(&handover));
        lock(&self.watched).get_or_insert_default().taker = taker;
        handover
    }

    /// Blocks while `must_wait` returns true, until `deadline` at most.
    fn block_while(&self, deadline: Option<Instant>, must_wait: impl Fn() -> bool) {
        let mut watched = lock(&self.watched);
        self.progress.set_blocked();
        while must_wait() && !has_passed(deadline) {
            watched = wait_until(&self.changed, watched, deadline);
        }
    }

    /// Wakes the threads that block and returns the observers. `flags` are those at the moment the future was settled.
    fn take_observers(&self, flags: Flags) -> Vec<O> {
        if !flags.observed() && !flags.blocked() {
            return Vec::new();
        }
        let mut watched = lock(&self.watched);
        let observers = watched.as_mut().map(|w| std::mem::take(&mut w.observers));
        drop(watched);
        if flags.blocked() {
            // Notifying costs a system call even if no thread waits.
            self.changed.notify_all();
        }
        observers.unwrap_or_default()
    }
}

impl<T, O> Drop for State<T, O> {
    fn drop(&mut self) {
        let watched = self.watched.get_mut();
        let watched = watched.unwrap_or_else(PoisonError::into_inner);
        if let Some(taker) = watched.as_mut().and_then(|watched| watched.taker.take()) {
            taker.put(self.take_value());
        }
    }
}

impl<T, O> Default for Watched<T, O> {
    fn default() -> Self {
        Self {
            observers: Vec::new(),
            taker: None,
        }
    }
}
