//! Which worker gets which task. Bookkeeping only, done under the pool's lock: knows neither threads nor processes.
//!
//! A slot is the place of one worker; when that ends, the next may take it. Workers are started one by one, when a task
//! comes and nobody is idle. The next task goes to whoever has the fewest in flight.

use std::collections::VecDeque;
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar};

use rustix::net::SendFlags;

use super::job::{Job, Pending};
use crate::error::BrokenError;

/// What the lock of the pool guards.
#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Job>,
    pub(super) slots: Vec<Slot>,
    pub(super) rules: Rules,
    pub(super) restarts: usize,
    pub(super) shut_down: bool,
    pub(super) broken: Option<BrokenError>,
}

/// How many of what there may be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    pub(crate) max_workers: usize,
    /// Tasks in flight per worker.
    pub(crate) window: usize,
    pub(crate) tasks_per_worker: usize,
    pub(crate) max_restarts: usize,
}

#[derive(Default)]
pub(super) struct Slot {
    pub(super) stage: Stage,
    /// Frames yet to be written.
    outbox: Vec<Vec<u8>>,
    /// Those whose replies are awaited, in the order in which they will come.
    in_flight: VecDeque<Box<dyn Pending>>,
    taken: usize,
    /// There while there is a worker, so that it can be cut off.
    socket: Option<Arc<UnixStream>>,
    /// Wakes the thread that writes to the worker, or waits until there should be one.
    pub(super) wake: Arc<Condvar>,
}

impl Slot {
    /// Has a frame written. A small one for an idle worker is written at once, which saves waking the thread that would
    /// do it.
    fn send(&mut self, mut frame: Vec<u8>) {
        // With nothing in flight all earlier frames have been answered: none is still being written.
        if self.in_flight.is_empty()
            && frame.len() <= SENT_AT_ONCE
            && let Some(socket) = &self.socket
        {
            // If the worker is gone, the thread that reads from it will find out.
            let sent = send_without_waiting(socket, &frame).unwrap_or(0);
            frame.drain(..sent);
        }
        if !frame.is_empty() {
            self.outbox.push(frame);
            self.wake.notify_one();
        }
    }
}

/// Writes what the socket takes now; how much that was.
fn send_without_waiting(socket: &UnixStream, bytes: &[u8]) -> rustix::io::Result<usize> {
    #[cfg(not(target_vendor = "apple"))]
    let no_signal = SendFlags::NOSIGNAL;
    // There the socket itself has been told.
    #[cfg(target_vendor = "apple")]
    let no_signal = SendFlags::empty();
    rustix::net::send(socket, bytes, SendFlags::DONTWAIT | no_signal)
}

/// So much is copied while others wait for the lock.
const SENT_AT_ONCE: usize = 1 << 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// No worker, but one can be started.
    #[default]
    Vacant,
    /// A worker is wanted, but cannot take tasks yet.
    Starting,
    /// Takes tasks.
    Open,
    /// Has had all tasks that it may have.
    Leaving,
    /// The worker is gone; what it leaves behind is yet to be cleared away.
    Gone,
    /// No worker could be started, and none will be.
    Closed,
}

/// What is to be done so that a task gets ahead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Give(usize),
    Start(usize),
    AddSlot,
    Rest,
}

/// What the thread that writes to a worker is to do.
pub(super) enum WriterAction {
    Send(Vec<Vec<u8>>),
    /// There will be no more.
    Close,
    /// There is nobody to write to, or nobody is to be written to any more.
    Leave,
}

impl State {
    pub(super) fn next_step(&self) -> Step {
        if self.queue.is_empty() {
            return Step::Rest;
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
            return Step::Rest; // those that are starting will take them
        }
        if let Some(index) = self
            .slots
            .iter()
            .position(|slot| slot.stage == Stage::Vacant)
        {
            return Step::Start(index);
        }
        if self.slots.len() < self.rules.max_workers {
            return Step::AddSlot;
        }
        freest.map_or(Step::Rest, |(index, _)| Step::Give(index))
    }

    /// One slot more, where a worker is wanted; its index.
    pub(super) fn add_slot(&mut self) -> usize {
        self.slots.push(Slot {
            stage: Stage::Starting,
            ..Slot::default()
        });
        self.slots.len() - 1
    }

    /// Gives the next task to a slot, unless it has been cancelled.
    pub(super) fn give_next_to(&mut self, index: usize) {
        let Some(Job { frame, pending }) = self.queue.pop_front() else {
            return;
        };
        if !pending.begin() {
            return;
        }
        let slot = &mut self.slots[index];
        slot.send(frame);
        slot.in_flight.push_back(pending);
        slot.taken += 1;
        if slot.taken == self.rules.tasks_per_worker {
            slot.stage = Stage::Leaving;
            slot.wake.notify_one();
        }
    }

    /// Whether it is time for more. A slot is filled up when half of its window is free, so that the tasks go in one piece
    /// and the worker, which has the other half at hand, need not wait.
    pub(super) fn wants_more(&self, index: usize) -> bool {
        self.slots[index].in_flight.len() <= self.rules.window / 2
    }

    /// The task whose reply has come; none after a breakdown.
    pub(super) fn take_answered(&mut self, index: usize) -> Option<Box<dyn Pending>> {
        self.slots[index].in_flight.pop_front()
    }

    pub(super) fn writer_action(&mut self, index: usize) -> Option<WriterAction> {
        let is_over = self.is_over();
        let is_broken = self.broken.is_some();
        let slot = &mut self.slots[index];
        if is_broken || slot.stage == Stage::Gone {
            Some(WriterAction::Leave)
        } else if !slot.outbox.is_empty() {
            Some(WriterAction::Send(mem::take(&mut slot.outbox)))
        } else if is_over || slot.stage == Stage::Leaving {
            Some(WriterAction::Close)
        } else {
            None
        }
    }

    /// No task will be handed out any more.
    pub(super) fn is_over(&self) -> bool {
        self.broken.is_some() || (self.shut_down && self.queue.is_empty())
    }

    /// A worker has come to this slot.
    pub(super) fn connect(&mut self, index: usize, socket: Arc<UnixStream>) {
        self.slots[index].socket = Some(socket);
    }

    /// Empties a slot whose worker has ended; the tasks that it owes an outcome, if it was not to end like that.
    pub(super) fn vacate(&mut self, index: usize) -> Option<Vec<Box<dyn Pending>>> {
        let is_over = self.is_over();
        let tasks_per_worker = self.rules.tasks_per_worker;
        let slot = &mut self.slots[index];
        let has_had_all = slot.taken == tasks_per_worker;
        let owed: Vec<_> = slot.in_flight.drain(..).collect();
        slot.outbox.clear();
        slot.socket = None;
        slot.taken = 0;
        slot.stage = Stage::Vacant;
        let was_to_end = owed.is_empty() && (has_had_all || is_over);
        (!was_to_end).then_some(owed)
    }

    /// No worker can be started for this slot; whether there is none at all now.
    pub(super) fn close(&mut self, index: usize) -> bool {
        self.slots[index].stage = Stage::Closed;
        self.rules.max_workers = self.slots.len();
        self.count(Stage::Closed) == self.slots.len()
    }

    /// Takes nothing more and cuts off all workers; the tasks that will never have a value.
    pub(super) fn break_down(&mut self, broken: &BrokenError) -> Vec<Box<dyn Pending>> {
        self.broken.get_or_insert_with(|| broken.clone());
        let mut lost: Vec<_> = self.queue.drain(..).map(|job| job.pending).collect();
        for slot in &mut self.slots {
            lost.extend(slot.in_flight.drain(..));
            slot.outbox.clear();
            if let Some(socket) = &slot.socket {
                // The worker may be gone already.
                let _ = socket.shutdown(Shutdown::Both);
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

    pub(super) fn count_workers(&self) -> usize {
        self.slots
            .iter()
            .filter(|slot| slot.socket.is_some())
            .count()
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
    fn one_worker_is_started_per_task_and_none_too_many() {
        let mut state = state(3, 64, 2);
        assert_eq!(state.next_step(), Step::AddSlot);
        state.add_slot();
        assert_eq!(state.next_step(), Step::AddSlot);
        state.add_slot();
        assert_eq!(state.next_step(), Step::Rest);
    }

    #[test]
    fn the_next_task_goes_to_whoever_has_the_fewest_and_waits_when_all_windows_are_full() {
        let mut state = state(2, 2, 5);
        open_slots(&mut state, 2);
        let mut given = Vec::new();
        while let Step::Give(index) = state.next_step() {
            state.give_next_to(index);
            given.push(index);
        }
        assert_eq!(given, [0, 1, 0, 1]);
        assert_eq!((state.next_step(), state.queue.len()), (Step::Rest, 1));
        assert!(!state.wants_more(1));
        assert!(state.take_answered(1).is_some() && state.wants_more(1));
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
    fn a_worker_that_has_had_its_tasks_gets_no_more() {
        let mut state = state(1, 64, 3);
        state.rules.tasks_per_worker = 2;
        open_slots(&mut state, 1);
        state.give_next_to(0);
        assert_eq!(state.next_step(), Step::Give(0));
        state.give_next_to(0);
        assert_eq!(state.next_step(), Step::Rest);
    }
}
