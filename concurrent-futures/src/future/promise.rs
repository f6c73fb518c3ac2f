//! The write side of a future, which must settle it.
//!
//! The promise does not count as a handle of the future. When it wakes waiting threads it holds only the state, and it
//! releases the state right afterwards, before it runs any foreign code: wakers and callbacks may take the value out,
//! and that waits for the release.

use std::fmt;
use std::sync::Arc;

use crate::error::{BrokenError, TaskError};
use crate::future::callbacks::Callbacks;
use crate::future::observer::{Cell, Observer, notify};
use crate::state::Stage;

/// The write side of a future, for implementations of [`Executor`](crate::Executor).
///
/// A promise that is dropped without an outcome settles its future as broken, so that no thread waits for it forever.
///
/// ```
/// use concurrent_futures::{BrokenError, Future, TaskError};
///
/// let (promise, future) = Future::pair();
/// assert!(promise.begin(), "it was not cancelled");
/// promise.set(Ok(42));
/// assert_eq!(future.result(), Ok(&42));
///
/// let (promise, future) = Future::<i32>::pair();
/// drop(promise);
/// assert_eq!(future.result(), Err(&TaskError::Broken(BrokenError::Abandoned)));
/// ```
pub struct Promise<T> {
    cell: Arc<Cell<T>>,
}

impl<T> Promise<T> {
    /// Returns the promise of a task. There must be one only.
    pub(crate) fn new(cell: Arc<Cell<T>>) -> Self {
        Self { cell }
    }

    /// Marks the task as running. Returns false if it was cancelled and must not run.
    ///
    /// ```
    /// use concurrent_futures::Future;
    ///
    /// let (promise, future) = Future::<i32>::pair();
    /// assert!(future.cancel());
    /// assert!(!promise.begin());
    /// ```
    pub fn begin(&self) -> bool {
        self.cell.state.begin()
    }

    /// Sets the outcome, wakes all waiters and runs the callbacks in this thread. Returns after the last callback; a
    /// panic in one is caught. In a callback it returns at once, and the callbacks run after that one; see
    /// [`add_done_callback`](crate::Future::add_done_callback). A cancelled future stays cancelled.
    ///
    /// ```
    /// use concurrent_futures::{Future, TaskError};
    ///
    /// let (promise, future) = Future::<i32>::pair();
    /// promise.set(Err(TaskError::failed("no such flag")));
    /// assert!(matches!(future.result(), Err(TaskError::Failed(_))));
    /// ```
    pub fn set(self, outcome: Result<T, TaskError>) {
        self.fulfil(outcome).run();
    }

    /// Sets the outcome and wakes all waiters. The caller must run the callbacks.
    pub(crate) fn fulfil(self, outcome: Result<T, TaskError>) -> Callbacks {
        let observers = self.cell.state.settle(outcome).unwrap_or_default();
        if observers.is_empty() {
            return Callbacks::default();
        }
        let (wakers, callbacks) = notify(&self.cell, observers);
        drop(self);
        wakers.wake();
        callbacks
    }

    /// Cancels the task if it has not started, as [`Future::cancel`](crate::Future::cancel) does. Returns whether it is
    /// cancelled.
    ///
    /// For an executor that is shut down: with the promise it can cancel what is queued, and needs no handle.
    ///
    /// ```
    /// use concurrent_futures::Future;
    ///
    /// let (promise, future) = Future::<i32>::pair();
    /// assert!(promise.cancel() && future.cancelled());
    /// ```
    pub fn cancel(&self) -> bool {
        match self.settle_cancelled() {
            Some(callbacks) => {
                callbacks.run();
                true
            }
            None => self.cell.state.stage() == Stage::Cancelled,
        }
    }

    /// Registers `callback` to be called if the task is cancelled, for executors that must withdraw a task from elsewhere.
    ///
    /// It holds no handle of the future, so [`map`](crate::ExecutorExt::map) can take the value out. It runs as the callbacks of
    /// [`add_done_callback`](crate::Future::add_done_callback) do; if the task is cancelled already, at once.
    ///
    /// ```
    /// use concurrent_futures::Future;
    ///
    /// let (promise, future) = Future::<i32>::pair();
    /// let (sender, withdrawn) = std::sync::mpsc::channel();
    /// promise.on_cancel(move || sender.send(42).unwrap());
    /// assert!(future.cancel());
    /// assert_eq!(withdrawn.recv(), Ok(42));
    /// ```
    pub fn on_cancel(&self, callback: impl FnOnce() + Send + 'static) {
        let state = &self.cell.state;
        if let Err(Observer::Cancel(callback)) = state.observe(Observer::Cancel(Box::new(callback)))
            && state.stage() == Stage::Cancelled
        {
            Callbacks(vec![callback]).run();
        }
    }

    /// Cancels the future if it is pending. The caller must run the callbacks.
    pub(crate) fn settle_cancelled(&self) -> Option<Callbacks> {
        let observers = self.cell.state.cancel()?;
        Some(self.notify(observers))
    }

    /// Settles the future as broken, unless it is settled. The caller must run the callbacks.
    pub(crate) fn settle_broken(&self, broken: BrokenError) -> Option<Callbacks> {
        let observers = self.cell.state.settle(Err(TaskError::Broken(broken)))?;
        Some(self.notify(observers))
    }

    /// Notifies the observers of a future that has no value: there is none to take out of the only handle.
    fn notify(&self, observers: Vec<Observer<T>>) -> Callbacks {
        let (wakers, callbacks) = notify(&self.cell, observers);
        wakers.wake();
        callbacks
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if matches!(self.cell.state.stage(), Stage::Pending | Stage::Running)
            && let Some(callbacks) = self.settle_broken(BrokenError::Abandoned)
        {
            callbacks.run();
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Promise({:?})", self.cell.state.stage())
    }
}
