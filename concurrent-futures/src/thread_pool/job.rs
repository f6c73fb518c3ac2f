//! A type-erased task in the queue.

use crate::error::{BrokenError, TaskError};
use crate::future::{Callbacks, Future, Promise};
use crate::panics::{call, contain};
use crate::thread_pool::counter::TaskCounter;

/// A task in the queue. Its methods return the callbacks instead of running them: the pool decides when they run.
pub(super) trait Job: Send {
    /// Runs the task and sets its outcome. Removes the task from `unfinished` as soon as its call has returned, before
    /// any waiter sees the outcome.
    fn run(self: Box<Self>, unfinished: &TaskCounter) -> Option<Callbacks>;
    fn cancel(self: Box<Self>) -> Option<Callbacks>;
    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<Callbacks>;
}

/// Returns a job that calls `function`, and the future of its outcome.
pub(super) fn job<'t, T, F>(function: F) -> (Box<dyn Job + 't>, Future<T>)
where
    T: Send + Sync + 't,
    F: FnOnce() -> Result<T, TaskError> + Send + 't,
{
    let (promise, future) = Future::pair();
    (Box::new(Call { function, promise }), future)
}

struct Call<F, T> {
    function: F,
    promise: Promise<T>,
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
    T: Send + Sync,
{
    fn run(self: Box<Self>, unfinished: &TaskCounter) -> Option<Callbacks> {
        let Self { function, promise } = *self;
        if !promise.begin() {
            unfinished.decrement();
            return None;
        }
        let outcome = call(function).flatten();
        unfinished.decrement();
        let callbacks = promise.fulfil(outcome);
        (!callbacks.is_empty()).then_some(callbacks)
    }

    fn cancel(self: Box<Self>) -> Option<Callbacks> {
        self.settle(Promise::settle_cancelled)
    }

    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<Callbacks> {
        self.settle(|promise| promise.settle_broken(broken))
    }
}

impl<F, T> Call<F, T> {
    fn settle(self, how: impl FnOnce(&Promise<T>) -> Option<Callbacks>) -> Option<Callbacks> {
        let Self { function, promise } = self;
        let callbacks = how(&promise);
        contain(|| drop(function));
        callbacks
    }
}
