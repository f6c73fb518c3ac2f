//! The tasks without an outcome. Each leaves the ledger once, and the thread that takes it out settles it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use concurrent_futures::{DistanceError, SubmitError, TaskError};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::bytes::Bytes;

use super::job::Pending;
use crate::finished::Finished;

/// The number of deadlines of tasks with an outcome that are kept without a look at them all.
const SPARE_DEADLINES: usize = 1024;

/// The tasks of an executor.
#[derive(Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
    /// Notified when there are no more tasks.
    empty: Condvar,
    pub(super) finished: Finished,
}

/// Counts a task until it is settled, which is after it has left the ledger.
struct Open(Arc<Ledger>);

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open -= 1;
        if state.open == 0 {
            self.0.empty.notify_all();
        }
    }
}

#[derive(Default)]
struct State {
    entries: HashMap<u64, Entry>,
    /// The number of tasks that are not settled.
    open: usize,
    /// The tasks with a deadline, the earliest first: it is the same time after their submission for all.
    deadlines: VecDeque<(Instant, u64)>,
    shut_down: bool,
    /// Why the server cannot be reached, once that has taken too long.
    unreachable: Option<String>,
}

/// A task without an outcome.
pub(super) struct Entry {
    /// `None` while it is being cancelled.
    pending: Option<Box<dyn Pending>>,
    pub(super) place: Place,
    /// Makes room for another task when it is dropped.
    room: OwnedSemaphorePermit,
    open: Open,
}

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Here.
    Here,
    /// On its way to the server.
    Sent,
    /// In the stream of tasks, with this number.
    Stored(u64),
}

impl Ledger {
    /// Adds a task.
    ///
    /// # Errors
    /// If no tasks are accepted.
    pub(super) fn add(
        self: &Arc<Self>,
        number: u64,
        pending: Box<dyn Pending>,
        room: OwnedSemaphorePermit,
        timeout: Option<Duration>,
    ) -> Result<(), SubmitError> {
        let mut state = self.state();
        state.check_open()?;
        state.open += 1;
        let entry = Entry {
            pending: Some(pending),
            place: Place::Here,
            room,
            open: Open(Arc::clone(self)),
        };
        state.entries.insert(number, entry);
        if let Some(deadline) = timeout.and_then(|timeout| Instant::now().checked_add(timeout)) {
            state.deadlines.push_back((deadline, number));
        }
        Ok(())
    }

    /// Checks that tasks are accepted.
    ///
    /// # Errors
    /// The reason, if they are not.
    pub(super) fn check_open(&self) -> Result<(), SubmitError> {
        self.state().check_open()
    }

    /// Notes where a task is now. Returns false if it is not in the ledger any more.
    pub(super) fn note_place(&self, number: u64, place: Place) -> bool {
        let mut state = self.state();
        let entry = state.entries.get_mut(&number);
        let found = entry.map(|entry| entry.place = place);
        found.is_some()
    }

    /// Marks a task as running.
    pub(super) fn begin(&self, number: u64) {
        if let Some(entry) = self.state().entries.get(&number) {
            entry.pending.iter().for_each(|pending| pending.begin());
        }
    }

    /// Takes a task out.
    pub(super) fn take(&self, number: u64) -> Option<Entry> {
        let mut state = self.state();
        let State {
            entries, deadlines, ..
        } = &mut *state;
        let entry = entries.remove(&number);
        if let Some(Place::Stored(sequence)) = entry.as_ref().map(|entry| entry.place) {
            self.finished.note(sequence);
        }
        // Without this, they would all be kept until they are over, which may be hours.
        if deadlines.len() > 2 * entries.len() + SPARE_DEADLINES {
            deadlines.retain(|(_, number)| entries.contains_key(number));
        }
        entry
    }

    /// Takes all tasks out.
    pub(super) fn take_all(&self) -> Vec<(u64, Entry)> {
        let mut state = self.state();
        let entries = std::mem::take(&mut state.entries);
        state.deadlines.clear();
        entries.into_iter().collect()
    }

    /// Returns the numbers of the tasks whose time is up.
    pub(super) fn overdue(&self, now: Instant) -> Vec<u64> {
        let mut state = self.state();
        let mut overdue = Vec::new();
        while let Some(&(deadline, number)) = state.deadlines.front() {
            let is_open = state.entries.contains_key(&number);
            if deadline > now && is_open {
                break;
            }
            state.deadlines.pop_front();
            if is_open {
                overdue.push(number);
            }
        }
        overdue
    }

    /// Cancels all tasks that are pending. Runs their callbacks. Only for the thread that settles tasks: a reply that came
    /// meanwhile would be lost.
    pub(super) fn cancel_pending(&self) {
        let numbers: Vec<_> = self.state().entries.keys().copied().collect();
        let take = |number| self.state().entries.get_mut(&number)?.pending.take();
        for number in numbers {
            // A callback must not find the ledger locked.
            if let Some(pending) = take(number) {
                pending.cancel();
                if let Some(entry) = self.state().entries.get_mut(&number) {
                    entry.pending = Some(pending);
                }
            }
        }
    }

    /// Accepts no more tasks.
    pub(super) fn shut_down(&self) {
        self.state().shut_down = true;
    }

    /// Notes why the server cannot be reached, or that it can.
    pub(super) fn note_unreachable(&self, reason: Option<String>) {
        self.state().unreachable = reason;
    }

    /// Returns the greatest number that a task has in the stream.
    pub(super) fn last_stored(&self) -> Option<u64> {
        let state = self.state();
        let stored = state
            .entries
            .values()
            .filter_map(|entry| match entry.place {
                Place::Stored(sequence) => Some(sequence),
                Place::Here | Place::Sent => None,
            });
        stored.max()
    }

    /// Returns the number of tasks that are not settled.
    pub(super) fn unsettled(&self) -> usize {
        self.state().open
    }

    /// Waits until there are no tasks, at most for `timeout`. Returns whether there are none.
    pub(super) fn wait_until_empty(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state();
        while state.open > 0 {
            state = match deadline {
                None => self
                    .empty
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.empty.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check_open(&self) -> Result<(), SubmitError> {
        if self.shut_down {
            return Err(SubmitError::ShutDown);
        }
        match &self.unreachable {
            Some(reason) => {
                let error = DistanceError::unreachable(reason.clone());
                Err(SubmitError::Distance(error))
            }
            None => Ok(()),
        }
    }
}

impl Entry {
    /// Settles the task. Runs callbacks.
    pub(super) fn settle(self, reply: Result<Bytes, TaskError>) {
        let Self {
            pending,
            room,
            open,
            ..
        } = self;
        // A callback may submit another task.
        drop(room);
        if let Some(pending) = pending {
            pending.settle(reply);
        }
        drop(open);
    }

    /// Returns the error of this task when the connection is lost for too long.
    pub(super) fn disconnected(&self, reason: &str) -> TaskError {
        let error = match self.place {
            Place::Here => DistanceError::unreachable(reason),
            Place::Sent | Place::Stored(_) => DistanceError::may_have_run(reason),
        };
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Pending for Nothing {
        fn begin(&self) {}
        fn cancel(&self) {}
        fn settle(self: Box<Self>, _reply: Result<Bytes, TaskError>) {}
    }

    #[test]
    fn the_deadlines_of_tasks_with_an_outcome_are_not_kept_until_they_are_over() {
        let ledger = Arc::new(Ledger::default());
        let room = Arc::new(tokio::sync::Semaphore::new(2));
        let hour = Some(Duration::from_secs(3600));
        for number in 0..10_000 {
            let room = Arc::clone(&room).try_acquire_owned().unwrap();
            ledger.add(number, Box::new(Nothing), room, hour).unwrap();
            if let Some(before) = number.checked_sub(1) {
                ledger.take(before).unwrap().settle(Ok(Bytes::new()));
            }
        }
        assert!(ledger.state().deadlines.len() <= SPARE_DEADLINES + 3);
        let later = Instant::now() + Duration::from_secs(7200);
        assert_eq!(ledger.overdue(later), [9999]);
    }
}
