//! The queue and its workers, which are started when there is work for them and nobody idle.
//!
//! A worker counts as free from the moment its task has returned, before anyone learns of the result. So whoever waits
//! for a result and submits again finds the same worker, and a chain of calls never grows the pool. The one exception:
//! while a worker runs callbacks, which may wait for other tasks, it counts as busy.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender};

use crate::error::{Broken, SubmitError, TaskError};
use crate::panics::{call, contain};
use crate::thread_pool::job::{CallbacksToRun, Job};
use crate::thread_pool::room::Room;

/// How the workers of a pool are to be.
pub(super) struct Plan {
    pub(super) max_workers: usize,
    pub(super) queue_bound: Option<usize>,
    pub(super) thread_name_prefix: String,
    pub(super) initializer: Option<Initializer>,
}

/// Sets a worker up, or says why it cannot.
pub(super) type Initializer = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Starts a thread of this name that works for this pool.
pub(super) type Start<'t> =
    Box<dyn Fn(String, Arc<Pool<'t>>) -> io::Result<Thread<'t>> + Send + Sync + 't>;

pub(super) enum Thread<'t> {
    Free(JoinHandle<()>),
    Scoped(ScopedJoinHandle<'t, ()>),
}

/// What an executor and its workers share. `'t` is how long what the tasks borrow is there.
pub(super) struct Pool<'t> {
    plan: Plan,
    start: Start<'t>,
    state: Mutex<State<'t>>,
    threads: Mutex<Vec<Thread<'t>>>,
    /// Held by whoever joins the threads, so that a second one waits as long as the first.
    joining: Mutex<()>,
    queue: Receiver<Box<dyn Job<'t> + 't>>,
    room: Option<Room>,
    /// Tasks that are queued, running, or running their callbacks.
    unfinished: AtomicUsize,
}

struct State<'t> {
    /// Taken by shutdown and by breakage; workers end when it is gone and the queue is empty.
    sender: Option<Sender<Box<dyn Job<'t> + 't>>>,
    started: usize,
    broken: Option<Broken>,
}

thread_local! {
    /// The address of the pool this thread works for, to compare and not to follow.
    static WORKS_FOR: Cell<Option<usize>> = const { Cell::new(None) };
}

impl<'t> Pool<'t> {
    pub(super) fn new(plan: Plan, start: Start<'t>) -> Arc<Self> {
        let (sender, queue) = crossbeam_channel::unbounded();
        Arc::new(Self {
            start,
            state: Mutex::new(State {
                sender: Some(sender),
                started: 0,
                broken: None,
            }),
            threads: Mutex::new(Vec::new()),
            joining: Mutex::new(()),
            queue,
            room: plan.queue_bound.map(Room::new),
            unfinished: AtomicUsize::new(0),
            plan,
        })
    }

    pub(super) fn queue_up(
        self: &Arc<Self>,
        job: Box<dyn Job<'t> + 't>,
    ) -> Result<(), SubmitError> {
        if let Some(room) = &self.room
            && !room.enter(self.is_worked_for_by_this_thread())
        {
            return Err(SubmitError::QueueFull);
        }
        let queued = self.queue_up_in_room(job);
        if queued.is_err() {
            self.leave_room();
        }
        queued
    }

    fn queue_up_in_room(self: &Arc<Self>, job: Box<dyn Job<'t> + 't>) -> Result<(), SubmitError> {
        let mut state = self.state();
        if let Some(broken) = &state.broken {
            return Err(SubmitError::Broken(broken.clone()));
        }
        if state.sender.is_none() {
            return Err(SubmitError::ShutDown);
        }
        self.count_task(&mut state).map_err(SubmitError::NoThread)?;
        if let Some(sender) = &state.sender {
            // The pool itself holds a receiver, so the channel is open.
            let _ = sender.send(job);
        }
        Ok(())
    }

    /// Counts work that is not in the queue and sees to it that there is a worker for what is.
    pub(super) fn task_comes(self: &Arc<Self>) -> io::Result<()> {
        self.count_task(&mut self.state())
    }

    /// Counts a task and sees to it that there is a worker for it, unless there are as many as may be.
    ///
    /// # Errors
    /// When there is no worker at all and none can be started; the task is not counted then.
    fn count_task(self: &Arc<Self>, state: &mut State<'t>) -> io::Result<()> {
        let unfinished = self.unfinished.fetch_add(1, Ordering::Relaxed) + 1;
        if unfinished <= state.started || state.started == self.plan.max_workers {
            return Ok(());
        }
        let name = format!("{}_{}", self.plan.thread_name_prefix, state.started);
        match (self.start)(name, Arc::clone(self)) {
            Ok(thread) => {
                state.started += 1;
                lock(&self.threads).push(thread);
                Ok(())
            }
            Err(error) if state.started == 0 => {
                self.task_ends();
                Err(error)
            }
            // The workers there are will come to it.
            Err(_) => Ok(()),
        }
    }

    pub(super) fn task_ends(&self) {
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
    }

    fn leave_room(&self) {
        if let Some(room) = &self.room {
            room.leave();
        }
    }

    /// What a worker does, from its start to its end.
    pub(super) fn work(self: &Arc<Self>) {
        WORKS_FOR.set(Some(self.address()));
        if let Some(initializer) = &self.plan.initializer {
            let message = match call(initializer) {
                Ok(ready) => ready.err(),
                Err(TaskError::Panicked { message, .. }) => Some(message),
                Err(other) => Some(other.to_string()),
            };
            if let Some(message) = message {
                self.break_down(&Broken::Initializer { message });
            }
        }
        // Ends when the sender is gone and the queue is empty; after a breakdown that is now.
        for job in &self.queue {
            self.leave_room();
            contain(|| job.run(self));
        }
    }

    /// Fails what is queued and takes nothing more. Tasks that are running go on.
    fn break_down(&self, broken: &Broken) {
        self.state().broken.get_or_insert(broken.clone());
        self.close();
        self.empty_queue(|job| job.break_off(broken.clone()));
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        drop(self.state().sender.take());
        if let Some(room) = &self.room {
            room.close();
        }
    }

    /// Cancels what is queued.
    pub(super) fn cancel_queue(&self) {
        self.empty_queue(|job| job.cancel());
    }

    /// Settles what is queued. Callbacks run only when all of it is settled: one may wait for another.
    fn empty_queue(&self, settle: impl Fn(Box<dyn Job<'t> + 't>) -> Option<CallbacksToRun<'t>>) {
        let mut to_run = Vec::new();
        for job in self.queue.try_iter() {
            self.leave_room();
            to_run.extend(settle(job));
            self.task_ends();
        }
        for callbacks in to_run {
            contain(callbacks);
        }
    }

    /// Waits until all workers have ended, also those that are started meanwhile. A worker does not wait for itself.
    pub(super) fn join_workers(&self) {
        if self.is_worked_for_by_this_thread() {
            return;
        }
        let _alone = lock(&self.joining);
        loop {
            // Not held while joining: a worker that runs callbacks may have to start another one.
            let Some(thread) = lock(&self.threads).pop() else {
                break;
            };
            // Whatever may panic in a worker is contained there.
            let _ = match thread {
                Thread::Free(thread) => thread.join(),
                Thread::Scoped(thread) => thread.join(),
            };
        }
    }

    fn is_worked_for_by_this_thread(&self) -> bool {
        WORKS_FOR.get() == Some(self.address())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn state(&self) -> MutexGuard<'_, State<'t>> {
        lock(&self.state)
    }

    /// Tells of itself under the `name` of its executor.
    pub(super) fn describe(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct(name)
            .field("max_workers", &self.plan.max_workers)
            .field("started", &state.started)
            .field("shut_down", &state.sender.is_none())
            .field("broken", &state.broken)
            .finish_non_exhaustive()
    }
}

/// Nothing under these locks panics halfway, so a poisoned one holds what it should.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread_pool::ThreadPoolExecutor;

    #[test]
    fn whatever_becomes_of_tasks_none_is_counted_for_ever() {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        for n in 0..300 {
            let future = executor.submit(move || assert!(n % 3 > 0)).unwrap();
            if n % 2 == 0 {
                future.cancel();
            }
            if n % 5 == 0 {
                future.add_done_callback(|_| ());
            }
        }
        executor.shutdown(true, false);
        assert_eq!(executor.pool().unfinished.load(Ordering::Relaxed), 0);
    }
}
