//! The other end of a future: the duty to settle it.
//!
//! The promise is no handle of the future. Before it wakes anybody it holds nothing but the state itself, and lets go of
//! that right after; `Future::into_result` waits for that moment and no longer.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::error::{BrokenError, TaskError};
use crate::future::observer::{Callbacks, Observer, Shared, notify};
use crate::state::{Stage, State};

/// The duty to settle a future, for who writes an executor.
///
/// Dropped unfilled it settles its future as broken: nobody waits for ever.
///
/// ```
/// use concurrent_futures::{BrokenError, Future, TaskError};
///
/// let (promise, future) = Future::pair();
/// assert!(promise.begin(), "nobody has cancelled it");
/// promise.set(Ok(42));
/// assert_eq!(future.result(), Ok(&42));
///
/// let (promise, future) = Future::<i32>::pair();
/// drop(promise);
/// assert_eq!(future.result(), Err(&TaskError::Broken(BrokenError::Abandoned)));
/// ```
pub struct Promise<T> {
    state: Shared<T>,
    /// Dropped after `state`, by the order of fields: while there is a weak one, the promise may still hold a strong one.
    _holds: Weak<State<T, Observer<T>>>,
}

impl<T> Promise<T> {
    pub(super) fn new(state: Shared<T>) -> Self {
        let holds = Arc::downgrade(&state);
        Self {
            state,
            _holds: holds,
        }
    }

    /// Marks the task as running; false when it was cancelled and must not run.
    ///
    /// ```
    /// use concurrent_futures::Future;
    ///
    /// let (promise, future) = Future::<i32>::pair();
    /// assert!(future.cancel());
    /// assert!(!promise.begin());
    /// ```
    pub fn begin(&self) -> bool {
        self.state.begin()
    }

    /// Sets the outcome, wakes all who wait and runs the callbacks. A future that was cancelled stays cancelled.
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

    /// Sets the outcome and wakes all who wait. The caller runs the callbacks.
    pub(crate) fn fulfil(self, outcome: Result<T, TaskError>) -> Callbacks<T> {
        let observers = self.state.settle(outcome).unwrap_or_default();
        notify(&self.state, observers)
    }

    /// Cancels the future if it is pending. The caller runs the callbacks.
    pub(crate) fn cancel(&self) -> Option<Callbacks<T>> {
        let observers = self.state.cancel()?;
        Some(notify(&self.state, observers))
    }

    /// Settles the future as broken, unless it is settled. The caller runs the callbacks.
    pub(crate) fn settle_broken(&self, broken: BrokenError) -> Option<Callbacks<T>> {
        let observers = self.state.settle(Err(TaskError::Broken(broken)))?;
        Some(notify(&self.state, observers))
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if matches!(self.state.stage(), Stage::Pending | Stage::Running)
            && let Some(callbacks) = self.settle_broken(BrokenError::Abandoned)
        {
            callbacks.run();
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Promise({:?})", self.state.stage())
    }
}
