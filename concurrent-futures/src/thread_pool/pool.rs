//! The queue and its workers, which are started when there is work for them and nobody idle.
//!
//! A worker counts as free from the moment its task has returned, before anyone learns of the result. So whoever waits
//! for a result and submits again finds the same worker, and a chain of calls never grows the pool. The one exception:
//! while a worker runs callbacks, which may wait for other tasks, it counts as busy.

use std::cell::Cell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender};

use crate::error::{BrokenError, SubmitError, TaskError};
use crate::panics::{call, contain};
use crate::thread_pool::counter::TaskCounter;
use crate::thread_pool::job::{CallbacksToRun, Job};
use crate::thread_pool::semaphore::Semaphore;

/// What can be set for a pool.
pub(super) struct Settings {
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
    settings: Settings,
    start: Start<'t>,
    state: Mutex<State<'t>>,
    threads: Mutex<Vec<Thread<'t>>>,
    /// Held by whoever joins the threads, so that a second one waits as long as the first.
    joining: Mutex<()>,
    queue: Receiver<Box<dyn Job<'t> + 't>>,
    /// One permit for each task that may be queued, if there is a bound.
    permits: Option<Semaphore>,
    unfinished: TaskCounter,
}

struct State<'t> {
    /// Taken by shutdown and by breakage; workers end when it is gone and the queue is empty.
    sender: Option<Sender<Box<dyn Job<'t> + 't>>>,
    started: usize,
    broken: Option<BrokenError>,
}

thread_local! {
    /// The address of the pool this thread works for, to compare and not to follow.
    static WORKS_FOR: Cell<Option<usize>> = const { Cell::new(None) };
}

impl<'t> Pool<'t> {
    pub(super) fn new(settings: Settings, start: Start<'t>) -> Arc<Self> {
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
            permits: settings.queue_bound.map(Semaphore::new),
            unfinished: TaskCounter::default(),
            settings,
        })
    }

    pub(super) fn submit(self: &Arc<Self>, job: Box<dyn Job<'t> + 't>) -> Result<(), SubmitError> {
        if let Some(permits) = &self.permits
            && !permits.acquire(self.is_worked_for_by_this_thread())
        {
            return Err(SubmitError::QueueFull);
        }
        let queued = self.enqueue(job);
        if queued.is_err() {
            self.release_permit();
        }
        queued
    }

    fn enqueue(self: &Arc<Self>, job: Box<dyn Job<'t> + 't>) -> Result<(), SubmitError> {
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

    /// Counts a task and sees to it that there is a worker for it, unless there are as many as may be.
    ///
    /// # Errors
    /// When there is no worker at all and none can be started; the task is not counted then.
    fn count_task(self: &Arc<Self>, state: &mut State<'t>) -> io::Result<()> {
        let unfinished = self.unfinished.increment();
        if unfinished <= state.started || state.started == self.settings.max_workers {
            return Ok(());
        }
        let name = format!("{}_{}", self.settings.thread_name_prefix, state.started);
        match (self.start)(name, Arc::clone(self)) {
            Ok(thread) => {
                state.started += 1;
                lock(&self.threads).push(thread);
                Ok(())
            }
            Err(error) if state.started == 0 => {
                self.unfinished.decrement();
                Err(error)
            }
            // The workers there are will come to it.
            Err(_) => Ok(()),
        }
    }

    fn release_permit(&self) {
        if let Some(permits) = &self.permits {
            permits.release();
        }
    }

    /// What a worker does, from its start to its end.
    pub(super) fn work(self: &Arc<Self>) {
        WORKS_FOR.set(Some(self.address()));
        if let Some(initializer) = &self.settings.initializer {
            let message = match call(initializer) {
                Ok(ready) => ready.err(),
                Err(TaskError::Panicked { message, .. }) => Some(message),
                Err(other) => Some(other.to_string()),
            };
            if let Some(message) = message {
                self.break_down(&BrokenError::Initializer { message });
            }
        }
        // Ends when the sender is gone and the queue is empty; after a breakdown that is now.
        for job in &self.queue {
            self.release_permit();
            contain(|| {
                if let Some(callbacks) = job.run(&self.unfinished) {
                    self.run_callbacks(callbacks);
                }
            });
        }
    }

    /// Runs the callbacks of a task in this worker, which counts as busy while they run.
    fn run_callbacks(self: &Arc<Self>, callbacks: CallbacksToRun<'t>) {
        // A callback may wait for another task of this pool, so that task may need another worker. Without one it waits
        // for this worker, as it would have to anyway.
        let _ = self.count_task(&mut self.state());
        contain(callbacks);
        self.unfinished.decrement();
    }

    /// Fails what is queued and takes nothing more. Tasks that are running go on.
    fn break_down(&self, broken: &BrokenError) {
        self.state().broken.get_or_insert(broken.clone());
        self.close();
        self.empty_queue(|job| job.settle_broken(broken.clone()));
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        drop(self.state().sender.take());
        if let Some(permits) = &self.permits {
            permits.close();
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
            self.release_permit();
            to_run.extend(settle(job));
            self.unfinished.decrement();
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

    #[cfg(test)]
    pub(super) fn unfinished(&self) -> &TaskCounter {
        &self.unfinished
    }

    fn state(&self) -> MutexGuard<'_, State<'t>> {
        lock(&self.state)
    }

    /// Tells of itself under the `name` of its executor.
    pub(super) fn describe(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct(name)
            .field("max_workers", &self.settings.max_workers)
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
