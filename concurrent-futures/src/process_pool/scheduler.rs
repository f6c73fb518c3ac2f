//! Decides which worker gets which task. Only does the bookkeeping, under the pool's lock: knows neither threads nor
//! processes.
//!
//! A slot is the place of one worker; when the worker ends, a new one may take the slot. Workers are started one by
//! one, when a task arrives and no worker is idle. The next task goes to the worker with the fewest tasks in flight.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use multiprocessing::{CANCEL, Child, Frame, send_without_waiting};

use super::job::{Job, Pending};
use crate::error::{BrokenError, SubmitError};
use crate::sync::Condvar;

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

#[derive(Default)]
pub(super) struct Slot {
    pub(super) stage: Stage,
    /// Frames that are still to be written.
    outbox: Vec<Vec<u8>>,
    /// The tasks whose replies are awaited, in the order in which the replies will arrive.
    in_flight: VecDeque<Box<dyn Pending>>,
    /// The number of tasks that the current worker has been given.
    taken: usize,
    /// The current worker.
    worker: Option<Worker>,
    /// Wakes the thread of this slot, which writes to the worker or waits until one is wanted.
    pub(super) wake: Arc<Condvar>,
}

/// A worker that has been started, as other threads than that of its slot need it.
#[derive(Clone)]
pub(super) struct Worker {
    /// To send it signals.
    pub(super) child: Arc<Child>,
    /// To disconnect it.
    pub(super) socket: Arc<UnixStream>,
}

impl Slot {
    /// Sends a frame. A small one for an idle worker is written at once, which saves waking the thread that writes.
    fn send(&mut self, frame: Frame) {
        let mut frame = frame.into_bytes();
        // With nothing in flight, all earlier frames have been answered, so none is still being written.
        if self.in_flight.is_empty()
            && frame.len() <= MAX_DIRECT_SEND_BYTES
            && let Some(worker) = &self.worker
        {
            // If the worker has ended, the thread that reads from it will notice.
            let sent = send_without_waiting(&worker.socket, &frame);
            frame.drain(..sent);
        }
        if !frame.is_empty() {
            self.outbox.push(frame);
            self.wake.notify_one();
        }
    }
}

/// The largest frame in bytes that is written under the lock, while other threads wait for that.
const MAX_DIRECT_SEND_BYTES: usize = 1 << 14;

/// The number of jobs for which an empty queue keeps memory, so that one long queue does not occupy memory forever.
const MAX_KEPT_JOBS: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// No worker, but one can be started.
    #[default]
    Vacant,
    /// No worker could be started. After a pause the slot is vacant again.
    Pausing,
    /// A worker is wanted, but cannot accept tasks yet.
    Starting,
    /// The worker accepts tasks.
    Open,
    /// The worker has been given all the tasks that it may run.
    Retiring,
    /// The worker has ended; the slot is not cleared yet.
    Ended,
    /// No worker could be started, and none will be.
    Closed,
}

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

/// The next action of the thread that writes to a worker.
pub(super) enum WriterAction {
    Send(Vec<Vec<u8>>),
    /// Close the write side: there will be no more frames.
    Close,
    /// Close both sides: the worker has ended, or the pool is broken.
    Disconnect,
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
            slot.stage == Stage::Open && slot.in_flight.len() < self.rules.window
        };
        let slots = || self.slots.iter().enumerate();
        let freest = slots()
            .filter(with_room)
            .min_by_key(|(_, slot)| slot.in_flight.len());
        if let Some((index, slot)) = freest
            && slot.in_flight.is_empty()
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
        self.slots.push(Slot {
            stage: Stage::Starting,
            ..Slot::default()
        });
        self.slots.len() - 1
    }

    /// Gives the next task to a slot, unless the task has been cancelled.
    pub(super) fn give_next_to(&mut self, index: usize) {
        let Some(Job { mut frame, pending }) = self.queue.pop_front() else {
            return;
        };
        if self.queue.is_empty() {
            self.queue.shrink_to(MAX_KEPT_JOBS);
        }
        if !pending.begin() {
            return;
        }
        let slot = &mut self.slots[index];
        slot.taken += 1;
        frame.set_number(slot.taken as u64);
        slot.send(frame);
        slot.in_flight.push_back(pending);
        if slot.taken == self.rules.tasks_per_worker {
            slot.stage = Stage::Retiring;
            slot.wake.notify_one();
        }
    }

    /// Returns whether a slot should be filled up: at least half of its window is free. So tasks are sent in batches,
    /// and the worker, which has the other half at hand, need not wait.
    pub(super) fn needs_refill(&self, index: usize) -> bool {
        self.slots[index].in_flight.len() <= self.rules.window / 2
    }

    /// Removes and returns the task whose reply has arrived. Returns `None` after the pool broke.
    ///
    /// # Errors
    /// If the reply has another number than the task, or if no reply is due. Holds the description of that.
    pub(super) fn take_answered(
        &mut self,
        index: usize,
        number: u64,
    ) -> Result<Option<Box<dyn Pending>>, String> {
        if self.broken.is_some() {
            return Ok(None);
        }
        let is_over = self.is_over();
        let slot = &mut self.slots[index];
        let due = (slot.taken - slot.in_flight.len() + 1) as u64;
        match slot.in_flight.pop_front() {
            Some(pending) if number == due => {
                if slot.in_flight.is_empty() && (is_over || slot.stage == Stage::Retiring) {
                    slot.wake.notify_one();
                }
                Ok(Some(pending))
            }
            Some(pending) => {
                slot.in_flight.push_front(pending);
                Err(format!("reply {number} came where reply {due} was due"))
            }
            None => Err(format!("reply {number} came where none was due")),
        }
    }

    pub(super) fn writer_action(&mut self, index: usize) -> Option<WriterAction> {
        let is_over = self.is_over();
        let is_broken = self.broken.is_some();
        let slot = &mut self.slots[index];
        if is_broken || slot.stage == Stage::Ended {
            Some(WriterAction::Disconnect)
        } else if !slot.outbox.is_empty() {
            Some(WriterAction::Send(mem::take(&mut slot.outbox)))
        } else if slot.in_flight.is_empty() && (is_over || slot.stage == Stage::Retiring) {
            // Not earlier: tasks in flight may still be cancelled.
            Some(WriterAction::Close)
        } else {
            None
        }
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
            self.cancel_running();
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
        let is_over = self.is_over();
        let tasks_per_worker = self.rules.tasks_per_worker;
        let slot = &mut self.slots[index];
        let reached_limit = slot.taken == tasks_per_worker;
        let unanswered: Vec<_> = slot.in_flight.drain(..).collect();
        slot.outbox.clear();
        slot.worker = None;
        slot.taken = 0;
        slot.stage = Stage::Vacant;
        let was_expected = unanswered.is_empty() && (reached_limit || is_over);
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
            lost.extend(slot.in_flight.drain(..));
            slot.outbox.clear();
            if let Some(worker) = &slot.worker {
                // The worker may have ended already.
                let _ = worker.socket.shutdown(Shutdown::Both);
            }
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

    /// Reports to all workers that the tasks they have are cancelled.
    fn cancel_running(&mut self) {
        for slot in &mut self.slots {
            let mut frame = Frame::new();
            // A frame without a body is not too long.
            if slot.worker.is_some() && frame.finish(CANCEL).is_ok() {
                slot.outbox.push(frame.into_bytes());
                slot.wake.notify_one();
            }
        }
    }

    fn count(&self, stage: Stage) -> usize {
        self.slots.iter().filter(|slot| slot.stage == stage).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(max_workers: usize, window: usize, queued: usize) -> State {
        let rules = Rules {
            max_workers,
            window,
            tasks_per_worker: usize::MAX,
            max_restarts: 0,
            queue_bound: None,
        };
        let queue = (0..queued).map(|_| job()).collect();
        State {
            rules,
            queue,
            ..State::default()
        }
    }

    fn job() -> Job {
        Job::empty()
    }

    fn open_slots(state: &mut State, slots: usize) {
        for _ in 0..slots {
            let index = state.add_slot();
            state.slots[index].stage = Stage::Open;
        }
    }

    #[test]
    fn exactly_one_worker_is_started_per_queued_task() {
        let mut state = state(3, 64, 2);
        assert_eq!(state.next_step(), Step::AddSlot);
        state.add_slot();
        assert_eq!(state.next_step(), Step::AddSlot);
        state.add_slot();
        assert_eq!(state.next_step(), Step::Nothing);
    }

    #[test]
    fn the_next_task_goes_to_the_slot_with_the_fewest_and_waits_when_all_windows_are_full() {
        let mut state = state(2, 2, 5);
        open_slots(&mut state, 2);
        let mut given = Vec::new();
        while let Step::Give(index) = state.next_step() {
            state.give_next_to(index);
            given.push(index);
        }
        assert_eq!(given, [0, 1, 0, 1]);
        assert_eq!((state.next_step(), state.queue.len()), (Step::Nothing, 1));
        assert!(!state.needs_refill(1));
        assert!(state.take_answered(1, 2).is_err() && !state.needs_refill(1));
        assert!(state.take_answered(1, 1).unwrap().is_some() && state.needs_refill(1));
        assert_eq!(state.next_step(), Step::Give(1));
    }

    #[test]
    fn an_empty_slot_gets_a_new_worker_before_a_busy_one_gets_a_second_task() {
        let mut state = state(2, 2, 2);
        open_slots(&mut state, 2);
        state.slots[1].stage = Stage::Vacant;
        state.give_next_to(0);
        assert_eq!(state.next_step(), Step::Start(1));
    }

    #[test]
    fn the_memory_of_a_long_queue_is_released_when_it_is_empty() {
        let mut state = state(1, usize::MAX, 10_000);
        open_slots(&mut state, 1);
        while state.next_step() == Step::Give(0) {
            state.give_next_to(0);
        }
        assert!(state.queue.capacity() <= 2048);
    }

    #[test]
    fn a_worker_at_its_task_limit_gets_no_more() {
        let mut state = state(1, 64, 3);
        state.rules.tasks_per_worker = 2;
        open_slots(&mut state, 1);
        state.give_next_to(0);
        assert_eq!(state.next_step(), Step::Give(0));
        state.give_next_to(0);
        assert_eq!(state.next_step(), Step::Nothing);
    }

    #[test]
    fn a_pause_that_is_over_is_not_waited_for_again() {
        let mut state = state(3, 1, 1);
        open_slots(&mut state, 1);
        state.add_slot(); // starts, and will take the task: no other thread is needed now
        state.no_thread_before = Some(Instant::now());
        assert!(state.retry_at().is_some());
        state.slots[0].stage = Stage::Pausing;
        state.end_pauses(0);
        assert_eq!(state.slots[0].stage, Stage::Vacant);
        assert_eq!(state.retry_at(), None);
        assert_eq!(state.next_step(), Step::Nothing);
    }
}
