//! The handle of one task, and the promise at its other end.
//!
//! Pending -> running -> finished, or pending -> cancelled; there is no way back. The outcome sits in a cell that is
//! written once, so that `result` can lend it to any number of holders; a mutex guards only the steps between the
//! stages. Whoever settles a future wakes all who wait and then runs its callbacks, outside the lock: a callback may do
//! with the future whatever it likes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crossbeam_channel::Sender;

use crate::error::{Broken, TaskError};

/// The handle of a task: its state, its result, and the means to call it off.
///
/// Clones are the same future: they are equal and have the same hash, so that a future can be the key of a map. Dropping
/// all handles does not stop the task.
pub struct Future<T> {
    core: Arc<Core<T>>,
}

struct Core<T> {
    /// Written once, under the lock of `progress`; read without it.
    outcome: OnceLock<Result<T, TaskError>>,
    progress: Mutex<Progress<T>>,
    settled: Condvar,
}

struct Progress<T> {
    stage: Stage,
    waiters: Vec<Sender<Future<T>>>,
    callbacks: Vec<Callback<T>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pending,
    Running,
    Settled,
}

type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

impl<T> Future<T> {
    /// A future and the promise that settles it.
    pub(crate) fn pair() -> (Promise<T>, Self) {
        let progress = Progress {
            stage: Stage::Pending,
            waiters: Vec::new(),
            callbacks: Vec::new(),
        };
        let core = Core {
            outcome: OnceLock::new(),
            progress: Mutex::new(progress),
            settled: Condvar::new(),
        };
        let future = Self {
            core: Arc::new(core),
        };
        (
            Promise {
                future: future.clone(),
            },
            future,
        )
    }

    /// The value of the task, or why there is none. Waits until the task is done; can be asked for again and again.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 6 * 7)?;
    /// assert_eq!(future.result(), Ok(&42));
    /// assert_eq!(future.result(), Ok(&42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TaskError::Panicked`], [`TaskError::Cancelled`] or [`TaskError::Broken`].
    pub fn result(&self) -> Result<&T, &TaskError> {
        let outcome = match self.core.outcome.get() {
            Some(outcome) => outcome,
            None => self.wait(),
        };
        outcome.as_ref()
    }

    #[cold]
    fn wait(&self) -> &Result<T, TaskError> {
        let mut progress = self.progress();
        loop {
            if let Some(outcome) = self.core.outcome.get() {
                return outcome;
            }
            let waited = self.core.settled.wait(progress);
            progress = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether there is an outcome: a value, a failure, or cancellation.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| ())?;
    /// let _ = future.result();
    /// assert!(future.done() && !future.running() && !future.cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn done(&self) -> bool {
        self.core.outcome.get().is_some()
    }

    /// Whether a worker is at it now.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let (begun, has_begun) = channel();
    /// let (go_on, may_go_on) = channel::<()>();
    /// let future = executor.submit(move || {
    ///     begun.send(()).unwrap();
    ///     may_go_on.recv()
    /// })?;
    /// has_begun.recv()?;
    /// assert!(future.running() && !future.done());
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn running(&self) -> bool {
        self.progress().stage == Stage::Running
    }

    /// Whether it was cancelled.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| ())?;
    /// assert_eq!(future.cancel(), future.cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancelled(&self) -> bool {
        matches!(self.core.outcome.get(), Some(Err(TaskError::Cancelled)))
    }

    /// Calls the task off if it has not begun; whether it is cancelled now.
    ///
    /// False for a task that is running or finished, whose state does not change. Who waits for a cancelled future sees
    /// it at once, not only when a worker would have come to it.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// use concurrent_futures::{TaskError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let (go_on, may_go_on) = channel::<()>();
    /// let busy = executor.submit(move || may_go_on.recv())?;
    /// let queued = executor.submit(|| 42)?;
    ///
    /// assert!(queued.cancel());
    /// assert_eq!(queued.result(), Err(&TaskError::Cancelled));
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        let progress = self.progress();
        match progress.stage {
            Stage::Pending => {
                self.settle(progress, Err(TaskError::Cancelled)).run();
                true
            }
            Stage::Running => false,
            Stage::Settled => {
                drop(progress);
                self.cancelled()
            }
        }
    }

    /// Has `callback` called with this future once it is done, whatever the outcome.
    ///
    /// Callbacks run in the order added, in the thread that settles the future (a worker, or who cancels it); on a
    /// future that is already done, at once in this thread. One that panics is reported by the panic hook and keeps
    /// neither the others nor the worker from going on.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 42)?;
    /// let (tell, told) = std::sync::mpsc::channel();
    /// future.add_done_callback(move |future| tell.send(*future.result().unwrap()).unwrap());
    /// assert_eq!(told.recv()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static) {
        let mut progress = self.progress();
        if progress.stage == Stage::Settled {
            drop(progress);
            run_callback(self, Box::new(callback));
        } else {
            progress.callbacks.push(Box::new(callback));
        }
    }

    /// Has a clone of this future sent once it is done, at once if it is.
    pub(crate) fn send_when_done(&self, to: Sender<Self>) {
        let mut progress = self.progress();
        if progress.stage == Stage::Settled {
            drop(progress);
            // Whoever wanted to know may have gone.
            let _ = to.send(self.clone());
        } else {
            progress.waiters.push(to);
        }
    }

    /// Nothing that can panic happens under the lock, so a poisoned one holds what it should.
    fn progress(&self) -> MutexGuard<'_, Progress<T>> {
        self.core
            .progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the outcome and wakes all who wait. The caller runs the callbacks.
    fn settle(
        &self,
        mut progress: MutexGuard<'_, Progress<T>>,
        outcome: Result<T, TaskError>,
    ) -> Callbacks<T> {
        debug_assert_ne!(progress.stage, Stage::Settled);
        progress.stage = Stage::Settled;
        // Never set before: the stage says so, and it changes only here.
        let _ = self.core.outcome.set(outcome);
        let waiters = std::mem::take(&mut progress.waiters);
        let callbacks = std::mem::take(&mut progress.callbacks);
        drop(progress);

        self.core.settled.notify_all();
        for waiter in waiters {
            let _ = waiter.send(self.clone());
        }
        Callbacks {
            future: self.clone(),
            callbacks,
        }
    }
}

fn run_callback<T>(future: &Future<T>, callback: Callback<T>) {
    // The panic hook has told of the panic; there is nobody here to hand it to.
    let _ = catch_unwind(AssertUnwindSafe(|| callback(future)));
}

/// What is left to do for a settled future.
#[must_use = "callbacks are promised to be run"]
pub(crate) struct Callbacks<T> {
    future: Future<T>,
    callbacks: Vec<Callback<T>>,
}

impl<T> Callbacks<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.callbacks.is_empty()
    }

    pub(crate) fn run(self) {
        for callback in self.callbacks {
            run_callback(&self.future, callback);
        }
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
        }
    }
}

impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }
}

impl<T> Eq for Future<T> {}

impl<T> Hash for Future<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.core).hash(state);
    }
}

/// Names the state, and the failure if there is one; not the value, which need not be printable.
impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.core.outcome.get() {
            Some(Ok(_)) => f.write_str("Future(finished)"),
            Some(Err(TaskError::Cancelled)) => f.write_str("Future(cancelled)"),
            Some(Err(error)) => write!(f, "Future(finished: {error})"),
            None if self.running() => f.write_str("Future(running)"),
            None => f.write_str("Future(pending)"),
        }
    }
}

/// The duty to settle a future. Dropped unfilled it settles it as broken: nobody waits for ever.
pub(crate) struct Promise<T> {
    future: Future<T>,
}

impl<T> Promise<T> {
    /// Marks the task as running; false when it was cancelled and must not run.
    pub(crate) fn begin(&self) -> bool {
        let mut progress = self.future.progress();
        let pending = progress.stage == Stage::Pending;
        if pending {
            progress.stage = Stage::Running;
        }
        pending
    }

    /// Sets the outcome and wakes all who wait. The caller runs the callbacks.
    pub(crate) fn fulfil(self, outcome: Result<T, TaskError>) -> Callbacks<T> {
        self.future.settle(self.future.progress(), outcome)
    }

    pub(crate) fn cancel(&self) {
        self.future.cancel();
    }

    /// Settles the future as broken, unless it is settled.
    pub(crate) fn break_off(&self, broken: Broken) {
        let progress = self.future.progress();
        if progress.stage != Stage::Settled {
            self.future
                .settle(progress, Err(TaskError::Broken(broken)))
                .run();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.future.done() {
            self.break_off(Broken::Abandoned);
        }
    }
}
