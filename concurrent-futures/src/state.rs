//! The life of one future: pending -> running -> finished, or pending -> cancelled; there is no way back.
//!
//! One atomic byte decides who wins, a worker that starts or whoever cancels. The outcome sits in a cell that is written
//! once, before the byte says "finished", so that it can be lent to any number of holders without a lock. A mutex guards
//! only the list of those who want to know. Whoever joins that list raises a flag in the same byte first, under the lock:
//! if it finds the future settled it need not wait, else whoever settles it sees the flag and comes for the list. A
//! future nobody waits for is settled without the lock. All of it runs under loom, see `tests/loom.rs`.

use std::sync::OnceLock;
use std::time::Instant;

use crate::error::TaskError;
use crate::sync::{AtomicU8, Condvar, Mutex, Ordering, has_passed, lock, wait_until};

const PENDING: u8 = 0;
const RUNNING: u8 = 1;
/// Claimed by its promise without ever having run: it can no longer be cancelled, and will be finished in a moment.
const CLAIMED: u8 = 2;
const FINISHED: u8 = 3;
const CANCELLED: u8 = 4;
const STAGE: u8 = 0b111;
/// Somebody is on the list, or is about to be.
const WATCHED: u8 = 0b1000;

/// Lent to all who ask for the outcome of a cancelled future: cancelling is one step on the byte and writes no cell.
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

/// Those who want to know when a future is settled: others, and threads that wait on the spot.
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

    /// The outcome, without the state around it.
    pub(crate) fn into_outcome(self) -> Option<Result<T, TaskError>> {
        self.outcome.into_inner()
    }

    /// Waits for the outcome; none when `deadline` passes before.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Result<&T, &TaskError>> {
        if let Some(outcome) = self.outcome() {
            return Some(outcome);
        }
        let mut watched = lock(&self.watched);
        self.raise_flag();
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

    /// Marks a pending future as running; false when it was cancelled.
    pub(crate) fn begin(&self) -> bool {
        self.leave_pending(RUNNING).is_some()
    }

    /// Cancels a pending future. Whoever succeeds must tell the observers.
    pub(crate) fn cancel(&self) -> Option<Vec<O>> {
        let before = self.leave_pending(CANCELLED)?;
        Some(self.observers_if_any(before))
    }

    /// Settles a future that is not settled. Whoever succeeds must tell the observers. Only for the holder of the promise.
    pub(crate) fn settle(&self, outcome: Result<T, TaskError>) -> Option<Vec<O>> {
        let open = self.leave_pending(CLAIMED).is_some() || self.stage() == Stage::Running;
        if !open || self.outcome.set(outcome).is_err() {
            return None;
        }
        let before = self.byte.swap(FINISHED, Ordering::AcqRel);
        Some(self.observers_if_any(before))
    }

    /// Puts an observer on the list; gives it back when the future is settled already.
    pub(crate) fn observe(&self, observer: O) -> Result<(), O> {
        let mut watched = lock(&self.watched);
        self.raise_flag();
        if self.is_settled() {
            return Err(observer);
        }
        watched.observers.push(observer);
        Ok(())
    }

    /// As [`observe`](Self::observe), in the place of the observer that `is_old` if there is one.
    pub(crate) fn observe_instead(
        &self,
        observer: O,
        is_old: impl Fn(&O) -> bool,
    ) -> Result<(), O> {
        let mut watched = lock(&self.watched);
        self.raise_flag();
        if self.is_settled() {
            return Err(observer);
        }
        let mut observers = watched.observers.iter_mut();
        let Some(place) = observers.find(|old| is_old(old)) else {
            watched.observers.push(observer);
            return Ok(());
        };
        let old = std::mem::replace(place, observer);
        // Its drop is somebody else's code, which must not run under the lock.
        drop(watched);
        drop(old);
        Ok(())
    }

    /// Takes the observers that are `unwanted` off the list.
    pub(crate) fn forget(&self, unwanted: impl Fn(&O) -> bool) {
        let mut watched = lock(&self.watched);
        let gone: Vec<_> = watched
            .observers
            .extract_if(.., |observer| unwanted(observer))
            .collect();
        drop(watched);
        drop(gone);
    }

    /// Leaves the first stage; the byte as it was, or none when somebody else has left it.
    fn leave_pending(&self, to: u8) -> Option<u8> {
        let step = |byte| (byte & STAGE == PENDING).then_some(to | (byte & WATCHED));
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.byte.fetch_update(set, fetch, step).ok()
    }

    /// To be called before the look at the stage: who settles the future after that look sees the flag.
    fn raise_flag(&self) {
        self.byte.fetch_or(WATCHED, Ordering::AcqRel);
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.stage(), Stage::Finished | Stage::Cancelled)
    }

    /// Wakes the threads that wait in [`wait`](Self::wait) and hands out the others. `before`: the byte when the future
    /// was settled.
    fn observers_if_any(&self, before: u8) -> Vec<O> {
        if before & WATCHED == 0 {
            return Vec::new();
        }
        let mut watched = lock(&self.watched);
        let observers = std::mem::take(&mut watched.observers);
        let blocked = watched.blocked > 0;
        drop(watched);
        if blocked {
            // To the system it is a call, whether somebody waits or not.
            self.settled.notify_all();
        }
        observers
    }
}
