//! The place of one worker: what it has been given, and what is still to be sent to it.

use std::collections::VecDeque;
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use multiprocessing::{CANCEL, Child, Frame, send_without_waiting};

use super::job::{Job, Pending};
use crate::sync::Condvar;

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
    pub(super) worker: Option<Worker>,
    /// Wakes the thread of this slot, which writes to the worker or waits until one is wanted.
    pub(super) wake: Arc<Condvar>,
}

/// The next action of the thread that writes to a worker.
pub(super) enum WriterAction {
    Send(Vec<Vec<u8>>),
    /// Close the write side: there will be no more frames.
    Close,
    /// Close both sides: the worker has ended, or the pool is broken.
    Disconnect,
}

/// A worker that has been started, as other threads than that of its slot need it.
#[derive(Clone)]
pub(super) struct Worker {
    /// To send it signals.
    pub(super) child: Arc<Child>,
    /// To disconnect it.
    pub(super) socket: Arc<UnixStream>,
}

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

/// The largest frame in bytes that is written under the lock, while other threads wait for that.
const MAX_DIRECT_SEND_BYTES: usize = 1 << 14;

impl Slot {
    /// Returns the number of tasks whose replies are awaited.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Returns whether a worker in this slot has nothing to do and will get nothing more, if `is_over` is true for the pool.
    fn is_finished(&self, is_over: bool) -> bool {
        self.in_flight.is_empty() && (is_over || self.stage == Stage::Retiring)
    }

    /// Gives the worker a task, and after `limit` tasks no more.
    pub(super) fn give(&mut self, job: Job, limit: usize) {
        let Job { mut frame, pending } = job;
        self.taken += 1;
        frame.set_number(self.taken as u64);
        self.send(frame);
        self.in_flight.push_back(pending);
        if self.taken == limit {
            self.stage = Stage::Retiring;
            self.wake.notify_one();
        }
    }

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

    /// Removes and returns the task whose reply has arrived.
    ///
    /// # Errors
    /// If the reply has another number than the task, or if no reply is due. Holds the description of that.
    pub(super) fn take_answered(
        &mut self,
        number: u64,
        is_over: bool,
    ) -> Result<Box<dyn Pending>, String> {
        let due = (self.taken - self.in_flight.len() + 1) as u64;
        if number != due && !self.in_flight.is_empty() {
            return Err(format!("reply {number} came where reply {due} was due"));
        }
        let Some(pending) = self.in_flight.pop_front() else {
            return Err(format!("reply {number} came where none was due"));
        };
        if self.is_finished(is_over) {
            self.wake.notify_one();
        }
        Ok(pending)
    }

    /// Reports to the worker that the tasks it has are cancelled.
    pub(super) fn cancel_running(&mut self) {
        let mut frame = Frame::new();
        // A frame without a body is not too long.
        if self.worker.is_some() && frame.finish(CANCEL).is_ok() {
            self.outbox.push(frame.into_bytes());
            self.wake.notify_one();
        }
    }

    /// Returns the next action of the thread that writes to the worker, if there is something to do.
    pub(super) fn writer_action(&mut self, is_over: bool) -> Option<WriterAction> {
        if self.stage == Stage::Ended {
            Some(WriterAction::Disconnect)
        } else if !self.outbox.is_empty() {
            Some(WriterAction::Send(mem::take(&mut self.outbox)))
        } else if self.is_finished(is_over) {
            // Not earlier: tasks in flight may still be cancelled.
            Some(WriterAction::Close)
        } else {
            None
        }
    }

    /// Disconnects the worker. Returns the tasks that it has not answered.
    pub(super) fn disconnect(&mut self) -> impl Iterator<Item = Box<dyn Pending>> {
        self.outbox.clear();
        if let Some(worker) = &self.worker {
            // The worker may have ended already.
            let _ = worker.socket.shutdown(Shutdown::Both);
        }
        self.in_flight.drain(..)
    }

    /// Clears the slot of a worker that has ended. Returns the tasks that it has not answered, and whether it had been given
    /// `limit` tasks.
    pub(super) fn vacate(&mut self, limit: usize) -> (Vec<Box<dyn Pending>>, bool) {
        let unanswered = self.in_flight.drain(..).collect();
        let reached_limit = self.taken == limit;
        self.outbox.clear();
        self.worker = None;
        self.taken = 0;
        self.stage = Stage::Vacant;
        (unanswered, reached_limit)
    }
}
