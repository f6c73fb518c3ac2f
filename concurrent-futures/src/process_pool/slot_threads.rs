//! The threads of a slot.
//!
//! Each slot has a thread that starts its workers and writes to them. While there is a worker, a second thread reads
//! from it. So even with much data in both directions, neither side has to wait until the other has finished writing.

use std::io::{self, BufWriter, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;

use multiprocessing::{Child, Receiver, Refusal, Role, compare_versions, served};
use portable_task::decode_reply;

use super::job::Pending;
use super::pool::{Pool, RETRY_PAUSE};
use super::scheduler::State;
use super::slot::{Stage, Worker, WriterAction};
use crate::error::{BrokenError, TaskError};
use crate::panics::contain;
use crate::pool::Running;
use crate::sync::{MutexGuard, deadline_in, has_passed, wait_until};

/// The number of the initializer among the tasks of a worker.
const INITIALIZER_NUMBER: u64 = 0;

impl Pool {
    /// Runs one worker after another in a slot, until none is wanted.
    pub(super) fn run_slot(self: &Arc<Self>, index: usize, running: &Running) {
        while self.wait_until_wanted(index) {
            let launched = self.settings.launcher.launch();
            match launched
                .and_then(|(child, socket)| self.run_worker(index, running, child, socket))
            {
                Ok((pid, status)) => self.worker_ended(index, pid, status),
                Err(error) => self.start_failed(index, &error),
            }
        }
    }

    /// Waits until a worker is wanted in this slot. Returns false if none ever will be.
    fn wait_until_wanted(self: &Arc<Self>, index: usize) -> bool {
        let mut state = self.state();
        loop {
            if state.is_over() || state.slots[index].stage == Stage::Closed {
                return false;
            }
            if state.slots[index].stage == Stage::Starting {
                return true;
            }
            state = self.wait(state, index);
        }
    }

    /// Talks to a worker until it has ended. Returns its process id, and its exit status if the system kept it.
    ///
    /// # Errors
    /// If the thread that reads from the worker cannot be started. The worker has ended in that case too.
    fn run_worker(
        self: &Arc<Self>,
        index: usize,
        running: &Running,
        child: Child,
        socket: UnixStream,
    ) -> io::Result<(u32, Option<ExitStatus>)> {
        let worker = Worker {
            child: Arc::new(child),
            socket: Arc::new(socket),
        };
        let end = self.state().connect(index, worker.clone());
        if let Some(end) = end {
            // Fails only if the worker has changed its user.
            let _ = end(&worker.child);
        }
        let watch = worker.child.watch(&worker.socket);
        let result = thread::scope(|scope| {
            let reader_thread = thread::Builder::new()
                .name(format!("worker_{index}_in"))
                .spawn_scoped(scope, || {
                    running.enter();
                    self.read_replies(index, &worker);
                })?;
            if self.write_tasks(index, &worker.socket).is_err() {
                // The worker no longer reads. Replies that have already arrived can still be read.
                let _ = worker.socket.shutdown(Shutdown::Both);
            }
            // The scope waits until the thread's function has returned, but not until the thread has ended.
            let _ = reader_thread.join();
            Ok(())
        });
        drop(watch);
        let status = worker.child.end();
        result.map(|()| (worker.child.id(), status))
    }

    fn write_tasks(self: &Arc<Self>, index: usize, socket: &UnixStream) -> io::Result<()> {
        let mut stream = BufWriter::with_capacity(1 << 16, socket);
        if let Some(initializer) = &self.settings.initializer {
            stream.write_all(initializer)?;
            stream.flush()?;
        } else {
            self.open_slot(index);
        }
        loop {
            match self.next_writer_action(index) {
                WriterAction::Send(frames) => {
                    for frame in frames {
                        stream.write_all(&frame)?;
                    }
                    stream.flush()?;
                }
                WriterAction::Close => return socket.shutdown(Shutdown::Write),
                WriterAction::Disconnect => return socket.shutdown(Shutdown::Both),
            }
        }
    }

    fn next_writer_action(self: &Arc<Self>, index: usize) -> WriterAction {
        let mut state = self.state();
        loop {
            if let Some(action) = state.writer_action(index) {
                return action;
            }
            state = self.wait(state, index);
        }
    }

    /// Settles tasks as their replies arrive, until no more can arrive.
    fn read_replies(self: &Arc<Self>, index: usize, worker: &Worker) {
        let mut receiver = Receiver::new();
        match self.receive_announcement(&mut receiver, &worker.socket) {
            Ok(()) => self.read_from_worker(index, worker, receiver),
            Err(refusal) => self.refuse_program(&refusal),
        }
        // The other thread may be writing, to a socket that another process keeps open.
        let _ = worker.socket.shutdown(Shutdown::Both);
        let mut state = self.state();
        state.slots[index].stage = Stage::Ended;
        state.slots[index].wake.notify_one();
    }

    /// # Errors
    /// If the program that was started is not a worker for this one.
    fn receive_announcement(
        &self,
        receiver: &mut Receiver,
        socket: &UnixStream,
    ) -> Result<(), Refusal> {
        let timeout = self.settings.start_timeout;
        let tasks = receiver.receive_announcement(socket, Role::Worker, timeout)?;
        served().map_or(Ok(()), |here| compare_versions(here, &tasks))
    }

    /// Breaks the pool if the program that was started is not a worker. If it has ended, its exit status says more.
    fn refuse_program(&self, refusal: &Refusal) {
        if !matches!(refusal, Refusal::Ended(_)) {
            let message = format!("'{}' {refusal}", self.settings.launcher.program());
            self.break_pool(self.state(), BrokenError::NoWorker { message });
        }
    }

    fn read_from_worker(self: &Arc<Self>, index: usize, worker: &Worker, mut receiver: Receiver) {
        let mut reply = Vec::new();
        // The numbers are consecutive: the initializer's, if there is one, and those of the tasks.
        let first = match self.settings.initializer {
            Some(_) => INITIALIZER_NUMBER,
            None => INITIALIZER_NUMBER + 1,
        };
        for due in first.. {
            match receiver.receive_reply(&worker.socket, &mut reply, due) {
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return self.break_protocol(worker, error.to_string());
                }
                Ok(false) | Err(_) => break,
            }
            if due == INITIALIZER_NUMBER {
                self.initializer_ended(index, &reply);
                continue;
            }
            let pending = match self.take_answered(index, due) {
                Ok(Some(pending)) => pending,
                Ok(None) => break,
                Err(message) => return self.break_protocol(worker, message),
            };
            contain(|| {
                if let Some(callbacks) = pending.settle(&reply) {
                    callbacks();
                }
            });
        }
    }

    fn break_protocol(&self, worker: &Worker, message: String) {
        let pid = worker.child.id();
        self.break_pool(self.state(), BrokenError::Protocol { pid, message });
    }

    /// Removes the task that has been answered. The worker counts as free from here on, before any waiter sees the
    /// outcome: a thread that waits for the outcome and submits again finds the same worker.
    ///
    /// # Errors
    /// Those of [`State::take_answered`].
    fn take_answered(
        self: &Arc<Self>,
        index: usize,
        number: u64,
    ) -> Result<Option<Box<dyn Pending>>, String> {
        let mut state = self.state();
        let pending = state.take_answered(index, number);
        if state.needs_refill(index) {
            self.dispatch(state);
        }
        pending
    }

    fn initializer_ended(self: &Arc<Self>, index: usize, reply: &[u8]) {
        match decode_reply::<()>(reply).map_err(TaskError::from) {
            Ok(()) => self.open_slot(index),
            Err(TaskError::Panicked { message, .. }) => {
                self.break_pool(self.state(), BrokenError::Initializer { message });
            }
            Err(error) => {
                let message = error.to_string();
                self.break_pool(self.state(), BrokenError::Initializer { message });
            }
        }
    }

    fn open_slot(self: &Arc<Self>, index: usize) {
        let mut state = self.state();
        if state.slots[index].stage == Stage::Starting {
            state.slots[index].stage = Stage::Open;
        }
        self.dispatch(state);
    }

    /// Waits until something changes for this slot, or it is time to try again what failed during a shortage.
    fn wait<'a>(
        self: &'a Arc<Self>,
        state: MutexGuard<'a, State>,
        index: usize,
    ) -> MutexGuard<'a, State> {
        let wake = Arc::clone(&state.slots[index].wake);
        let deadline = match state.slots[index].stage {
            Stage::Pausing => deadline_in(RETRY_PAUSE),
            _ => state.retry_at(),
        };
        let mut state = wait_until(&wake, state, deadline);
        if !has_passed(deadline) {
            return state;
        }
        state.end_pauses(index);
        self.dispatch(state);
        self.state()
    }
}
