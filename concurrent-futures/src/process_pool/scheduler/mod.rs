//! Decides which worker gets which task. Only does the bookkeeping, under the pool's lock: knows neither threads nor
//! processes.
//!
//! A slot is the place of one worker; when the worker ends, a new one may take it. Workers are started one by one, when a task arrives and no worker is idle. The next task goes to the worker with the fewest tasks in flight.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::time::Instant;

use multiprocessing::Child;

use super::job::{Job, Pending};
use super::slot::{Slot, Stage, Worker, WriterAction};
use crate::error::{BrokenError, SubmitError};

/// The state that the lock of the pool guards.
#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Job>,
    pub(super) slots: Vec<Slot>,
    pub(super) rules: Rules,
    pub(super) restarts: usize,
    pub(super) shut_down: bool,
    /// The signal that ends all workers, once the program has asked for that.
    pub(super) end_worker: Option<EndWorker>,
    pub(super) broken: Option<BrokenError>,
    /// Why the latest start of a worker failed, if there was no descriptor, thread or memory for it.
    pub(super) shortage: Option<String>,
    /// No thread for another slot is started before this time, after one could not be started. A pool without slots
    /// always tries.
    pub(super) no_thread_before: Option<Instant>,
}

/// A function that sends a worker the signal to end.
pub(super) type EndWorker = fn(&Child) -> io::Result<()>;

/// The limits of a pool.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rules {
    pub(super) max_workers: usize,
    /// The number of tasks in flight per worker.
    pub(super) window: usize,
    pub(super) tasks_per_worker: usize,
    pub(super) max_restarts: usize,
    /// The number of tasks that may be queued.
    pub(super) queue_bound: Option<usize>,
}

/// The number of jobs for which an empty queue keeps memory, so that one long queue does not occupy memory forever.
const MAX_KEPT_JOBS: usize = 1024;

/// The next step to bring queued tasks to workers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Give the next task to this slot.
    Give(usize),
    /// Start a worker in this slot.
    Start(usize),
    /// Add a slot and start a worker in it.
    AddSlot,
    /// Leave the queue as it is.
    Nothing,
}

impl State {
    /// Checks that the pool accepts tasks.
    ///
    /// # Errors
    /// The reason, if the pool is broken or has been shut down.
    pub(super) fn check_open(&self) -> Result<(), SubmitError> {
        match &self.broken {
            Some(broken) => Err(SubmitError::Broken(broken.clone())),
            None if self.shut_down => Err(SubmitError::ShutDown),
            None => Ok(()),
        }
    }

    /// Returns whether no more tasks may be queued now.
    pub(super) fn is_full(&self) -> bool {
        let bound = self.rules.queue_bound;
        bound.is_some_and(|bound| self.queue.len() >= bound)
    }

    pub(super) fn next_step(&self) -> Step {
        if self.queue.is_empty() {
            return Step::Nothing;
        }
        let with_room = |(_, slot): &(usize, &Slot)| {
            slot.stage == Stage::Open && slot.in_flight() < self.rules.window
        };
        let slots = || self.slots.iter().enumerate();
        let freest = slots()
            .filter(with_room)
            .min_by_key(|(_, slot)| slot.in_flight());
        if let Some((index, slot)) = freest
            && slot.in_flight() == 0
        {
            return Step::Give(index);
        }
        if self.queue.len() <= self.count(Stage::Starting) {
            return Step::Nothing; // the workers that are starting will take them
        }
        // While something is short, one slot at a time tries again.
        let is_short = self.count(Stage::Pausing) > 0;
        if !is_short && let Some(index) = slots().position(|(_, slot)| slot.stage == Stage::Vacant)
        {
            return Step::Start(index);
        }
        // Without a slot there is no thread that tries again later, so the tasks would wait for ever.
        let may_start_thread = self.slots.is_empty()
            || self
                .no_thread_before
                .is_none_or(|time| time < Instant::now());
        if !is_short && self.slots.len() < self.rules.max_workers && may_start_thread {
            return Step::AddSlot;
        }
        freest.map_or(Step::Nothing, |(index, _)| Step::Give(index))
    }

    /// Returns when to try again to start a thread for another slot, if a task waits for that.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        let may_grow = self.slots.len() < self.rules.max_workers;
        self.no_thread_before
            .filter(|_| may_grow && !self.queue.is_empty())
    }

    /// Lets a worker be started in this slot again, and a thread for another slot, if it is time for that.
    pub(super) fn end_pauses(&mut self, index: usize) {
        if self.slots[index].stage == Stage::Pausing {
            self.slots[index].stage = Stage::Vacant;
        }
        // Removed and not only compared: whether a thread is needed now or not, no slot has to look at this time again.
        if self
            .no_thread_before
            .is_some_and(|time| time <= Instant::now())
        {
            self.no_thread_before = None;
        }
    }

    /// Adds a slot in which a worker is wanted. Returns its index.
    pub(super) fn add_slot(&mut self) -> usize {
        let mut slot = Slot::default();
        slot.stage = Stage::Starting;
        self.slots.push(slot);
        self.slots.len() - 1
    }

    /// Gives the next task to a slot, unless the task has been cancelled.
    pub(super) fn give_next_to(&mut self, index: usize) {
        let Some(job) = self.queue.pop_front() else {
            return;
        };
        if self.queue.is_empty() {
            self.queue.shrink_to(MAX_KEPT_JOBS);
        }
        if job.pending.begin() {
            self.slots[index].give(job, self.rules.tasks_per_worker);
        }
    }

    /// Returns whether a slot should be filled up: at least half of its window is free. So tasks are sent in batches,
    /// and the worker, which has the other half at hand, need not wait.
    pub(super) fn needs_refill(&self, index: usize) -> bool {
        self.slots[index].in_flight() <= self.rules.window / 2
    }

    /// Removes and returns the task whose reply has arrived. Returns `None` after the pool broke.
    ///
    /// # Errors
    /// Those of [`Slot::take_answered`].
    pub(super) fn take_answered(
        &mut self,
        index: usize,
        number: u64,
    ) -> Result<Option<Box<dyn Pending>>, String> {
        if self.broken.is_some() {
            return Ok(None);
        }
        let is_over = self.is_over();
        self.slots[index].take_answered(number, is_over).map(Some)
    }

    /// Returns the next action of the thread that writes to a worker, if there is something to do.
    pub(super) fn writer_action(&mut self, index: usize) -> Option<WriterAction> {
        if self.broken.is_some() {
            return Some(WriterAction::Disconnect);
        }
        let is_over = self.is_over();
        self.slots[index].writer_action(is_over)
    }

    /// Returns whether no more tasks will be given to workers.
    pub(super) fn is_over(&self) -> bool {
        self.broken.is_some() || (self.shut_down && self.queue.is_empty())
    }

    /// Accepts no more tasks. Returns those that are queued, if they are to be cancelled. Those that are running are
    /// cancelled as well then.
    pub(super) fn reject_more(&mut self, cancels_pending: bool) -> VecDeque<Job> {
        self.shut_down = true;
        let mut cancelled = VecDeque::new();
        if cancels_pending {
            cancelled = mem::take(&mut self.queue);
            self.slots.iter_mut().for_each(Slot::cancel_running);
        }
        if self.is_over() {
            self.wake_all();
        }
        cancelled
    }

    /// Stores the new worker of this slot. Returns the signal to end it, if the workers have been ended meanwhile.
    #[must_use]
    pub(super) fn connect(&mut self, index: usize, worker: Worker) -> Option<EndWorker> {
        self.slots[index].worker = Some(worker);
        self.end_worker
    }

    /// Clears a slot whose worker has ended. Returns the unanswered tasks, or `None` if the worker was expected to end.
    pub(super) fn vacate(&mut self, index: usize) -> Option<Vec<Box<dyn Pending>>> {
        let (unanswered, reached_limit) = self.slots[index].vacate(self.rules.tasks_per_worker);
        let was_expected = unanswered.is_empty() && (reached_limit || self.is_over());
        (!was_expected).then_some(unanswered)
    }

    /// Records that no worker could be started now, because of `shortage`. If there is another worker, the queued tasks
    /// wait for that one. Otherwise returns them, and they fail.
    pub(super) fn run_short(&mut self, shortage: String) -> Vec<Box<dyn Pending>> {
        self.shortage = Some(shortage);
        let has_worker = |slot: &Slot| {
            matches!(
                slot.stage,
                Stage::Starting | Stage::Open | Stage::Retiring | Stage::Ended
            )
        };
        if self.slots.iter().any(has_worker) {
            return Vec::new();
        }
        self.queue.drain(..).map(|job| job.pending).collect()
    }

    /// Closes a slot in which no worker can be started. Returns whether all slots are closed now.
    pub(super) fn close(&mut self, index: usize) -> bool {
        self.slots[index].stage = Stage::Closed;
        self.rules.max_workers = self.slots.len();
        self.count(Stage::Closed) == self.slots.len()
    }

    /// Marks the pool as broken and disconnects all workers. Returns the tasks that will never have a value.
    pub(super) fn break_pool(&mut self, broken: &BrokenError) -> Vec<Box<dyn Pending>> {
        self.broken.get_or_insert_with(|| broken.clone());
        let mut lost: Vec<_> = self.queue.drain(..).map(|job| job.pending).collect();
        for slot in &mut self.slots {
            lost.extend(slot.disconnect());
        }
        self.wake_all();
        lost
    }

    pub(super) fn wake_all(&self) {
        for slot in &self.slots {
            slot.wake.notify_one();
        }
    }

    /// Returns the workers that have been started and have not ended.
    pub(super) fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.slots.iter().filter_map(|slot| slot.worker.as_ref())
    }

    fn count(&self, stage: Stage) -> usize {
        self.slots.iter().filter(|slot| slot.stage == stage).count()
    }
}

#[cfg(test)]
mod tests;
