//! The queue and its workers. A worker is started when a task arrives and no worker is idle.
//!
//! A worker counts as free as soon as its task has returned, before any waiter sees the result. So a thread that waits
//! for a result and then submits again finds the same worker, and a chain of calls never grows the pool. There is one
//! exception: while a worker runs callbacks, which may wait for other tasks, it counts as busy.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use portable_task::{Context, with_context};

use crate::error::{BrokenError, SubmitError, TaskError};
use crate::future::Callbacks;
use crate::panics::{call, contain};
use crate::pool::{Join, Running, Threads, lock};
use crate::thread_pool::counter::TaskCounter;
use crate::thread_pool::job::{End, Job};
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
    Box<dyn Fn(String, Worker<'t>) -> io::Result<Thread<'t>> + Send + Sync + 't>;

pub(super) enum Thread<'t> {
    Unscoped(JoinHandle<()>),
    Scoped(ScopedJoinHandle<'t, ()>),
}

impl Join for Thread<'_> {
    fn join(self) {
        // Panics in a worker are caught there.
        let _ = match self {
            Self::Unscoped(thread) => thread.join(),
            Self::Scoped(thread) => thread.join(),
        };
    }
}

/// What the thread of a worker does.
pub(super) struct Worker<'t> {
    pool: Arc<Pool<'t>>,
    running: Running,
}

impl Worker<'_> {
    /// Runs the initializer and then tasks, until the pool is closed and the queue is empty.
    pub(super) fn work(self) {
        let Self { pool, running } = self;
        running.enter();
        with_context(pool.cancelled.clone(), || pool.work());
        // Before the thread counts as ended: this may be the last handle, which drops the initializer.
        drop(pool);
        drop(running);
    }
}

/// The state that an executor and its workers share. Tasks may borrow data for `'t`.
pub(super) struct Pool<'t> {
    settings: Settings,
    start: Start<'t>,
    state: Mutex<State<'t>>,
    threads: Threads<Thread<'t>>,
    queue: Receiver<Arc<dyn Job + 't>>,
    /// One permit for each task that may be queued, if the queue is bounded.
    permits: Option<Semaphore>,
    unfinished: TaskCounter,
    cancelled: Arc<Cancelled>,
}

/// Whether running tasks may stop.
#[derive(Default)]
struct Cancelled(AtomicBool);

impl Context for Cancelled {
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct State<'t> {
    /// Removed when the pool is shut down or broken. Workers end when it is gone and the queue is empty.
    sender: Option<Sender<Arc<dyn Job + 't>>>,
    /// The number of threads started so far.
    started: usize,
    broken: Option<BrokenError>,
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
            threads: Threads::new(),
            queue,
            permits: settings.queue_bound.map(Semaphore::new),
            unfinished: TaskCounter::default(),
            cancelled: Arc::default(),
            settings,
        })
    }

    pub(super) fn submit(self: &Arc<Self>, job: Arc<dyn Job + 't>) -> Result<(), SubmitError> {
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

    fn enqueue(self: &Arc<Self>, job: Arc<dyn Job + 't>) -> Result<(), SubmitError> {
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
        let pool = Arc::clone(self);
        let started = self
            .threads
            .start(|running| (self.start)(name, Worker { pool, running }));
        match started {
            Ok(()) => {
                state.started += 1;
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

    fn work(self: &Arc<Self>) {
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
                if let Some(callbacks) = job.end(End::Run(&self.unfinished)) {
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
        self.drain_queue(|job| job.end(End::Break(broken.clone())));
    }

    /// Stops accepting tasks.
    pub(super) fn close(&self) {
        drop(self.state().sender.take());
        if let Some(permits) = &self.permits {
            permits.close();
        }
    }

    /// Cancels the queued tasks, and reports to the running ones that they may stop.
    pub(super) fn cancel_queue(&self) {
        self.cancelled.0.store(true, Ordering::Relaxed);
        self.drain_queue(|job| job.end(End::Cancel));
    }

    /// Settles the queued tasks. Callbacks run only after all of them are settled, because one may wait for another.
    fn drain_queue(&self, settle: impl Fn(Arc<dyn Job + 't>) -> Option<Callbacks>) {
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

    /// Waits until all workers have ended, at most for `timeout`. Returns whether they have. Does not wait in a worker of
    /// this pool, which cannot wait for itself.
    pub(super) fn join_workers(&self, timeout: Option<Duration>) -> bool {
        self.threads.join(timeout)
    }

    /// Returns whether the current thread is a worker of this pool.
    fn is_own_worker(&self) -> bool {
        self.threads.is_own()
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
