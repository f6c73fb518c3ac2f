//! A type-erased task in the queue.
//!
//! A task is one allocation: the function lies in the cell of its future. A future may be kept long after its task has
//! run, and with it the room for the function. So a large function has an allocation of its own, which does not outlive
//! the run; so has a function that borrows, because a future has no lifetime.

use std::sync::Arc;

use crate::error::{BrokenError, TaskError};
use crate::future::{Callbacks, Cell, Future, Promise};
use crate::panics::{call, contain};
use crate::sync::{Mutex, lock};
use crate::thread_pool::counter::{TaskCounter, Ticket};

/// The size of the largest function that lies in the cell of its future, in bytes.
const LARGEST_INSIDE: usize = 128;

/// A task in the queue.
pub(super) trait Job: Send + Sync {
    /// Ends the task, which only the first call does. Returns the callbacks instead of running them: the pool decides
    /// when they run. Each queued job must be ended, because dropping it need not settle its future.
    fn end(self: Arc<Self>, how: End<'_>) -> Option<Callbacks>;
}

/// The ways in which a task ends.
pub(super) enum End<'a> {
    /// It runs, unless it was cancelled. It is removed from this counter as soon as its call has returned, before any
    /// waiter sees the outcome.
    Run(&'a TaskCounter, Ticket),
    Cancel,
    Break(BrokenError),
}

/// Returns a job that calls `function`, and the future of its outcome.
pub(super) fn job<T, F>(function: F) -> (Arc<dyn Job>, Future<T>)
where
    T: Send + Sync + 'static,
    F: FnOnce() -> Result<T, TaskError> + Send + 'static,
{
    if size_of::<F>() > LARGEST_INSIDE {
        return borrowing_job(function);
    }
    let (cell, future) = Future::with_function(Slot::new(function));
    (cell, future)
}

/// Same as [`job`], for a function that may borrow.
pub(super) fn borrowing_job<'t, T, F>(function: F) -> (Arc<dyn Job + 't>, Future<T>)
where
    T: Send + Sync + 't,
    F: FnOnce() -> Result<T, TaskError> + Send + 't,
{
    let (promise, future) = Future::pair();
    (Arc::new(Slot::new(Call { function, promise })), future)
}

/// A value that is taken once.
struct Slot<V>(Mutex<Option<V>>);

impl<V> Slot<V> {
    fn new(value: V) -> Self {
        Self(Mutex::new(Some(value)))
    }

    fn take(&self) -> Option<V> {
        lock(&self.0).take()
    }
}

impl<F, T> Job for Cell<T, Slot<F>>
where
    F: FnOnce() -> Result<T, TaskError> + Send + 'static,
    T: Send + Sync,
{
    fn end(self: Arc<Self>, how: End<'_>) -> Option<Callbacks> {
        let function = self.function.take()?;
        let promise = Promise::new(self);
        Call { function, promise }.end(how)
    }
}

impl<F, T> Job for Slot<Call<F, T>>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
    T: Send + Sync,
{
    fn end(self: Arc<Self>, how: End<'_>) -> Option<Callbacks> {
        let call = self.take()?;
        drop(self);
        call.end(how)
    }
}

struct Call<F, T> {
    function: F,
    promise: Promise<T>,
}

impl<F, T> Call<F, T>
where
    F: FnOnce() -> Result<T, TaskError>,
{
    fn end(self, how: End<'_>) -> Option<Callbacks> {
        match how {
            End::Run(unfinished, ticket) => self.run(|| unfinished.remove(ticket)),
            End::Cancel => self.settle(Promise::settle_cancelled),
            End::Break(broken) => self.settle(|promise| promise.settle_broken(broken)),
        }
    }

    fn run(self, returned: impl FnOnce()) -> Option<Callbacks> {
        let Self { function, promise } = self;
        if !promise.begin() {
            returned();
            return None;
        }
        let outcome = call(function).flatten();
        returned();
        let callbacks = promise.fulfil(outcome);
        (!callbacks.is_empty()).then_some(callbacks)
    }

    fn settle(self, how: impl FnOnce(&Promise<T>) -> Option<Callbacks>) -> Option<Callbacks> {
        let Self { function, promise } = self;
        let callbacks = how(&promise);
        contain(|| drop(function));
        callbacks
    }
}
