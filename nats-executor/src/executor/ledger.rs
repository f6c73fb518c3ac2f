//! The tasks without an outcome. Each leaves the ledger once, and the thread that takes it out settles it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use concurrent_futures::{DistanceError, SubmitError, TaskError};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::bytes::Bytes;

use super::job::Pending;
use crate::pool::Finished;

/// The tasks of an executor.
///
/// Each entry holds a handle of its ledger, so an executor must take all of them out before it ends.
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
    /// The deadlines of the entries that have one.
    deadlines: BTreeSet<(Instant, u64)>,
    shut_down: bool,
    /// Why the server cannot be reached, once that has taken too long.
    unreachable: Option<String>,
}

/// A task without an outcome.
pub(super) struct Entry {
    /// `None` while it is being cancelled.
    pending: Option<Box<dyn Pending>>,
    pub(super) place: Place,
    deadline: Option<Instant>,
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
    /// In the stream of tasks.
    Stored(Stored),
    /// Its result has come, and is being fetched or settled.
    Answered,
}

/// The place of a task in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) sequence: u64,
    /// Whether its call is an object.
    pub(super) is_object: bool,
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
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let entry = Entry {
            pending: Some(pending),
            place: Place::Here,
            deadline,
            room,
            open: Open(Arc::clone(self)),
        };
        state.entries.insert(number, entry);
        if let Some(deadline) = deadline {
            state.deadlines.insert((deadline, number));
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

    /// Notes where a task is now. Returns where it was, or `None` if it is not in the ledger any more.
    pub(super) fn note_place(&self, number: u64, place: Place) -> Option<Place> {
        let mut state = self.state();
        let entry = state.entries.get_mut(&number)?;
        Some(std::mem::replace(&mut entry.place, place))
    }

    /// Notes that a task is in the stream. If its result was faster, it is over already.
    pub(super) fn note_stored(&self, number: u64, stored: Stored) {
        if let Some(entry) = self.state().entries.get_mut(&number)
            && entry.place == Place::Sent
        {
            entry.place = Place::Stored(stored);
            return;
        }
        self.finished.note(stored.sequence);
    }

    /// Marks a task as running.
    pub(super) fn begin(&self, number: u64) {
        if let Some(entry) = self.state().entries.get(&number) {
            entry.pending.iter().for_each(|pending| pending.begin());
        }
    }

    /// Takes a task out.
    pub(super) fn take(&self, number: u64) -> Option<Entry> {
        self.state().take(number)
    }

    /// Takes a task out if it is in the stream, and no result of it has come.
    pub(super) fn take_stored(&self, number: u64) -> Option<Entry> {
        let mut state = self.state();
        match state.entries.get(&number)?.place {
            Place::Stored(_) => state.take(number),
            Place::Here | Place::Sent | Place::Answered => None,
        }
    }

    /// Returns whether a task was sent, and has no outcome and no result.
    pub(super) fn is_sent(&self, number: u64) -> bool {
        let state = self.state();
        state.entries.get(&number).is_some_and(Entry::is_sent)
    }

    /// Takes the tasks out that were sent and have no result: that of this number, or all of them.
    pub(super) fn take_sent(&self, only: Option<u64>) -> Vec<(u64, Entry)> {
        let mut state = self.state();
        let sent = state.entries.iter().filter(|(_, entry)| entry.is_sent());
        let numbers = sent.map(|(&number, _)| number);
        let numbers: Vec<u64> = numbers
            .filter(|number| only.is_none_or(|only| only == *number))
            .collect();
        let taken = numbers.into_iter();
        taken
            .filter_map(|number| Some((number, state.take(number)?)))
            .collect()
    }

    /// Takes all tasks out.
    pub(super) fn take_all(&self) -> Vec<(u64, Entry)> {
        let mut state = self.state();
        let entries = std::mem::take(&mut state.entries);
        state.deadlines.clear();
        entries.into_iter().collect()
    }

    /// Takes the tasks out whose time is up.
    pub(super) fn take_overdue(&self, now: Instant) -> Vec<(u64, Entry)> {
        let mut state = self.state();
        let mut overdue = Vec::new();
        while let Some(&(deadline, number)) = state.deadlines.first()
            && deadline <= now
        {
            state.deadlines.pop_first();
            overdue.extend(state.take(number).map(|entry| (number, entry)));
        }
        overdue
    }

    /// Cancels all tasks that are pending. Runs their callbacks. Only for the thread that settles tasks: a reply that came
    /// meanwhile would be lost.
    ///
    /// Returns the promises of tasks that are running and left the ledger meanwhile, by their numbers: their errors are on the
    /// way to that thread.
    pub(super) fn cancel_pending(&self) -> Vec<(u64, Box<dyn Pending>)> {
        let numbers: Vec<_> = self.state().entries.keys().copied().collect();
        let take = |number| self.state().entries.get_mut(&number)?.pending.take();
        let mut left = Vec::new();
        for number in numbers {
            // A callback must not find the ledger locked.
            if let Some(pending) = take(number) {
                let is_cancelled = pending.cancel();
                if let Some(entry) = self.state().entries.get_mut(&number) {
                    entry.pending = Some(pending);
                } else if !is_cancelled {
                    left.push((number, pending));
                }
            }
        }
        left
    }

    /// Accepts no more tasks.
    pub(super) fn shut_down(&self) {
        self.state().shut_down = true;
    }

    /// Accepts no more tasks, because nothing can be sent any more, and takes all out.
    pub(super) fn close(&self, reason: &str) -> Vec<(u64, Entry)> {
        self.note_unreachable(Some(reason.to_owned()));
        self.take_all()
    }

    /// Notes why the server cannot be reached, or that it can.
    pub(super) fn note_unreachable(&self, reason: Option<String>) {
        self.state().unreachable = reason;
    }

    /// Returns the numbers and places of the tasks in the stream, in its order.
    pub(super) fn stored(&self) -> Vec<(u64, Stored)> {
        let state = self.state();
        let entries = state.entries.iter();
        let stored = entries.filter_map(|(number, entry)| match entry.place {
            Place::Stored(stored) => Some((*number, stored)),
            Place::Here | Place::Sent | Place::Answered => None,
        });
        let mut stored: Vec<_> = stored.collect();
        drop(state);
        stored.sort_unstable_by_key(|(_, stored)| stored.sequence);
        stored
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

    fn take(&mut self, number: u64) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline, number));
        }
        Some(entry)
    }
}

impl Entry {
    /// Settles the task. Runs callbacks. `left` is its promise, if that is not here because the task was being cancelled.
    pub(super) fn settle(self, left: Option<Box<dyn Pending>>, reply: Result<Bytes, TaskError>) {
        let Self {
            pending,
            room,
            open,
            ..
        } = self;
        // A callback may submit another task.
        drop(room);
        if let Some(pending) = pending.or(left) {
            pending.settle(reply);
        }
        drop(open);
    }

    /// Returns whether the task was sent, and has no result.
    fn is_sent(&self) -> bool {
        matches!(self.place, Place::Sent | Place::Stored(_))
    }

    /// Returns the error of this task when the connection is lost for too long.
    pub(super) fn disconnected(&self, reason: &str) -> TaskError {
        let error = match self.place {
            Place::Here => DistanceError::unreachable(reason),
            Place::Sent | Place::Stored(_) | Place::Answered => DistanceError::may_have_run(reason),
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
        fn cancel(&self) -> bool {
            false
        }
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
                let entry = ledger.take(before).unwrap();
                entry.settle(None, Ok(Bytes::new()));
            }
        }
        assert_eq!(ledger.state().deadlines.len(), 1);
        let later = Instant::now() + Duration::from_secs(7200);
        let overdue = ledger.take_overdue(later);
        let numbers: Vec<_> = overdue.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [9999]);
    }
}
