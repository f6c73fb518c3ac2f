//! The workers of a queue. A worker is started when a task arrives and no worker is idle.
//!
//! A worker counts as free as soon as its task has returned, before any waiter sees the result. So a thread that waits
//! for a result and then submits again finds the same worker, and a chain of calls never grows the pool. There is one
//! exception: while a worker runs callbacks, which may wait for other tasks, it counts as busy.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use portable_task::{Context, with_context};

use crate::error::{BrokenError, SubmitError, TaskError};
use crate::future::Callbacks;
use crate::panics::{call, contain};
use crate::pool::Threads;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::thread_pool::counter::{TaskCounter, Ticket};
use crate::thread_pool::job::{End, Job};
use crate::thread_pool::queue::Queue;
use crate::thread_pool::semaphore::Semaphore;
use crate::thread_pool::thread::{Start, Thread};

/// The settings of a pool.
pub(super) struct Settings {
    pub(super) max_workers: usize,
    pub(super) queue_bound: Option<usize>,
    pub(super) thread_name_prefix: String,
    pub(super) initializer: Option<Initializer>,
}

/// A function that sets up a worker, or returns the reason why it cannot.
pub(super) type Initializer = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The state that an executor and its workers share. Tasks may borrow data for `'t`.
pub(super) struct Pool<'t> {
    settings: Settings,
    start: Start<'t>,
    state: Mutex<State>,
    /// The number of threads started so far. Changes under the lock of `state`.
    started: AtomicUsize,
    threads: Threads<Thread<'t>>,
    queue: Queue<(Arc<dyn Job + 't>, Ticket)>,
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

struct State {
    /// Whether the pool is shut down or broken. Workers then end when the queue is empty.
    closed: bool,
    broken: Option<BrokenError>,
}

impl<'t> Pool<'t> {
    pub(super) fn new(settings: Settings, start: Start<'t>) -> Arc<Self> {
        Arc::new(Self {
            start,
            state: Mutex::new(State {
                closed: false,
                broken: None,
            }),
            started: AtomicUsize::new(0),
            threads: Threads::new(),
            queue: Queue::new(),
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
        let ticket = self.unfinished.add();
        let queued = self.start_if_needed().and_then(|started| {
            let pushed = self.queue.push((job, ticket));
            // Until here, the new worker could not break the pool: its first task is accepted even if its initializer fails.
            drop(started);
            pushed.map_err(|_| self.refusal())
        });
        if queued.is_err() {
            self.unfinished.remove(ticket);
        }
        queued
    }

    /// Starts a worker for the task that was counted last, unless there are enough or the pool is closed. Returns the lock
    /// if it was needed.
    ///
    /// # Errors
    /// [`SubmitError::NoThread`] if there is no worker and none can be started.
    fn start_if_needed(self: &Arc<Self>) -> Result<Option<MutexGuard<'_, State>>, SubmitError> {
        if self.has_enough_workers() {
            return Ok(None);
        }
        // Held meanwhile: the pool must not be closed.
        let state = self.state();
        if state.closed {
            return Ok(None);
        }
        match self.start_worker(&state) {
            Err(error) if self.started() == 0 => Err(SubmitError::NoThread(error)),
            // Otherwise the existing workers will run the task.
            Ok(()) | Err(_) => Ok(Some(state)),
        }
    }

    /// Returns whether there is a worker for each task that was counted, or there are as many as allowed.
    fn has_enough_workers(&self) -> bool {
        let started = self.started();
        started == self.settings.max_workers || self.unfinished.count() <= started
    }

    /// Starts a worker, unless there are enough. The lock keeps other threads from doing the same.
    fn start_worker(self: &Arc<Self>, _held: &MutexGuard<'_, State>) -> io::Result<()> {
        if self.has_enough_workers() {
            return Ok(());
        }
        let name = format!("{}_{}", self.settings.thread_name_prefix, self.started());
        let pool = Arc::clone(self);
        self.threads.start(|running| {
            let body = move || {
                running.enter();
                with_context(pool.cancelled.clone(), || pool.work());
                // Before the thread counts as ended: this may be the last handle, which drops the initializer.
                drop(pool);
                drop(running);
            };
            (self.start)(name, Box::new(body))
        })?;
        let before = self.started.fetch_add(1, Ordering::Relaxed);
        if before + 1 == self.settings.max_workers {
            self.unfinished.retire();
        }
        Ok(())
    }

    fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    /// Returns the reason why the pool accepts no tasks.
    fn refusal(&self) -> SubmitError {
        let broken = self.state().broken.clone();
        broken.map_or(SubmitError::ShutDown, SubmitError::Broken)
    }

    fn release_permit(&self) {
        if let Some(permits) = &self.permits {
            permits.release();
        }
    }

    /// Runs the initializer and then tasks, until the pool is closed and the queue is empty.
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
        // After a failed initializer the queue is closed and empty already.
        while let Some((job, ticket)) = self.queue.pop() {
            self.release_permit();
            contain(|| {
                if let Some(callbacks) = job.end(End::Run(&self.unfinished, ticket)) {
                    self.run_callbacks(callbacks);
                }
            });
        }
    }

    /// Runs the callbacks of a task in this worker, which counts as busy while they run.
    fn run_callbacks(self: &Arc<Self>, callbacks: Callbacks) {
        // A callback may wait for another task of this pool, which may need another worker. If none can be started,
        // that task waits for this worker, as it would have to anyway.
        let ticket = self.unfinished.add();
        let _ = self.start_worker(&self.state());
        callbacks.run();
        self.unfinished.remove(ticket);
    }

    /// Marks the pool as broken: fails the queued tasks and accepts no more. Running tasks continue.
    fn break_pool(&self, broken: &BrokenError) {
        self.state().broken.get_or_insert(broken.clone());
        self.close();
        self.drain_queue(|job| job.end(End::Break(broken.clone())));
    }

    /// Stops accepting tasks.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.queue.close();
        drop(state);
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
        while let Some((job, ticket)) = self.queue.try_pop() {
            self.release_permit();
            to_run.extend(settle(job));
            self.unfinished.remove(ticket);
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

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Formats the pool for `Debug`, under the `name` of its executor.
    pub(super) fn describe(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct(name)
            .field("max_workers", &self.settings.max_workers)
            .field("started", &self.started())
            .field("shut_down", &state.closed)
            .field("broken", &state.broken)
            .finish_non_exhaustive()
    }
}
