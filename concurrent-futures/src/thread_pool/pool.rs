//! The queue and its workers. A worker is started when a task arrives and no worker is idle.
//!
//! A worker counts as free as soon as its task has returned, before any waiter sees the result. So a thread that waits
//! for a result and then submits again finds the same worker, and a chain of calls never grows the pool. There is one
//! exception: while a worker runs callbacks, which may wait for other tasks, it counts as busy.

use std::cell::Cell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender};

use crate::error::{BrokenError, SubmitError, TaskError};
use crate::future::Callbacks;
use crate::panics::{call, contain};
use crate::thread_pool::counter::TaskCounter;
use crate::thread_pool::job::Job;
use crate::thread_pool::semaphore::Semaphore;

/// The settings of a pool.
pub(super) struct Settings {
    pub(super) max_workers: usize,
    pub(super) queue_bound: Option<usize>,
    pub(super) thread_name_prefix: String,
    pub(super) initializer: Option<Initializer>,
}

/// A function that sets up a worker, or returns the reason why it cannot.
pub(super) type Initializer = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// A function that starts a thread with this name that works for this pool.
pub(super) type Start<'t> =
    Box<dyn Fn(String, Arc<Pool<'t>>) -> io::Result<Thread<'t>> + Send + Sync + 't>;

pub(super) enum Thread<'t> {
    Unscoped(JoinHandle<()>),
    Scoped(ScopedJoinHandle<'t, ()>),
}

/// The state that an executor and its workers share. Tasks may borrow data for `'t`.
pub(super) struct Pool<'t> {
    settings: Settings,
    start: Start<'t>,
    state: Mutex<State<'t>>,
    threads: Mutex<Vec<Thread<'t>>>,
    /// Held while the threads are joined, so that a second caller waits as long as the first.
    joining: Mutex<()>,
    queue: Receiver<Box<dyn Job + 't>>,
    /// One permit for each task that may be queued, if the queue is bounded.
    permits: Option<Semaphore>,
    unfinished: TaskCounter,
}

struct State<'t> {
    /// Removed when the pool is shut down or broken. Workers end when it is gone and the queue is empty.
    sender: Option<Sender<Box<dyn Job + 't>>>,
    /// The number of threads started so far.
    started: usize,
    broken: Option<BrokenError>,
}

thread_local! {
    /// The address of the pool that this thread works for. Only compared, never dereferenced.
    static WORKER_OF: Cell<Option<usize>> = const { Cell::new(None) };
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

    pub(super) fn submit(self: &Arc<Self>, job: Box<dyn Job + 't>) -> Result<(), SubmitError> {
        if let Some(permits) = &self.permits
            && !permits.acquire(self.is_own_worker())
        {
            return Err(SubmitError::QueueFull);
        }
        let queued = self.enqueue(job);
        if queued.is_err() {
            self.release_permit();
        }
        queued
    }

    fn enqueue(self: &Arc<Self>, job: Box<dyn Job + 't>) -> Result<(), SubmitError> {
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

    /// Counts a task and starts a worker for it, unless there are enough workers or as many as allowed.
    ///
    /// # Errors
    /// If there is no worker and none can be started. The task is then not counted.
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
            // The existing workers will run the task.
            Err(_) => Ok(()),
        }
    }

    fn release_permit(&self) {
        if let Some(permits) = &self.permits {
            permits.release();
        }
    }

    /// Runs the initializer and then tasks, until the pool is closed and the queue is empty.
    pub(super) fn work(self: &Arc<Self>) {
        WORKER_OF.set(Some(self.address()));
        if let Some(initializer) = &self.settings.initializer {
            let message = match call(initializer) {
                Ok(ready) => ready.err(),
                Err(TaskError::Panicked { message, .. }) => Some(message),
                Err(other) => Some(other.to_string()),
            };
            if let Some(message) = message {
                self.break_pool(&BrokenError::Initializer { message });
            }
        }
        // Ends when the sender is gone and the queue is empty; after a failed initializer both are true already.
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
    fn run_callbacks(self: &Arc<Self>, callbacks: Callbacks) {
        // A callback may wait for another task of this pool, which may need another worker. If none can be started,
        // that task waits for this worker, as it would have to anyway.
        let _ = self.count_task(&mut self.state());
        callbacks.run();
        self.unfinished.decrement();
    }

    /// Marks the pool as broken: fails the queued tasks and accepts no more. Running tasks continue.
    fn break_pool(&self, broken: &BrokenError) {
        self.state().broken.get_or_insert(broken.clone());
        self.close();
        self.drain_queue(|job| job.settle_broken(broken.clone()));
    }

    /// Stops accepting tasks.
    pub(super) fn close(&self) {
        drop(self.state().sender.take());
        if let Some(permits) = &self.permits {
            permits.close();
        }
    }

    /// Cancels the queued tasks.
    pub(super) fn cancel_queue(&self) {
        self.drain_queue(|job| job.cancel());
    }

    /// Settles the queued tasks. Callbacks run only after all of them are settled, because one may wait for another.
    fn drain_queue(&self, settle: impl Fn(Box<dyn Job + 't>) -> Option<Callbacks>) {
        let mut to_run = Vec::new();
        for job in self.queue.try_iter() {
            self.release_permit();
            to_run.extend(settle(job));
            self.unfinished.decrement();
        }
        for callbacks in to_run {
            callbacks.run();
        }
    }

    /// Waits until all workers have ended, including those that are started meanwhile. Returns at once in a worker of
    /// this pool, which cannot wait for itself.
    pub(super) fn join_workers(&self) {
        if self.is_own_worker() {
            return;
        }
        let _joining = lock(&self.joining);
        loop {
            // The lock is not held while joining: a worker that runs callbacks may have to start another one.
            let Some(thread) = lock(&self.threads).pop() else {
                break;
            };
            // Panics in a worker are caught there.
            let _ = match thread {
                Thread::Unscoped(thread) => thread.join(),
                Thread::Scoped(thread) => thread.join(),
            };
        }
    }

    /// Returns whether the current thread is a worker of this pool.
    fn is_own_worker(&self) -> bool {
        WORKER_OF.get() == Some(self.address())
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

    /// Formats the pool for `Debug`, under the `name` of its executor.
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

/// Locks `mutex`. Code under these locks does not panic, so the value of a poisoned one is still consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
