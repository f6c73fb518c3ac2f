//! A type-erased task in the queue.

use crate::error::{BrokenError, TaskError};
use crate::future::{Callbacks, Future, Promise};
use crate::panics::{call, contain};
use crate::thread_pool::counter::TaskCounter;

/// A task in the queue, which may borrow data for `'t`. Its methods return the callbacks instead of running them: the
/// pool decides when they run.
pub(super) trait Job<'t>: Send {
    /// Runs the task and sets its outcome. Removes the task from `unfinished` as soon as its call has returned, before
    /// any waiter sees the outcome.
    fn run(self: Box<Self>, unfinished: &TaskCounter) -> Option<CallbacksToRun<'t>>;
    fn cancel(self: Box<Self>) -> Option<CallbacksToRun<'t>>;
    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<CallbacksToRun<'t>>;
}

pub(super) type CallbacksToRun<'t> = Box<dyn FnOnce() + 't>;

/// Returns a job that calls `function`, and the future of its outcome.
pub(super) fn job<'t, T, F>(function: F) -> (Box<dyn Job<'t> + 't>, Future<T>)
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

impl<'t, F, T> Job<'t> for Call<F, T>
where
    F: FnOnce() -> Result<T, TaskError> + Send + 't,
    T: Send + Sync + 't,
{
    fn run(self: Box<Self>, unfinished: &TaskCounter) -> Option<CallbacksToRun<'t>> {
        let Self { function, promise } = *self;
        if !promise.begin() {
            unfinished.decrement();
            return None;
        }
        let outcome = call(function).flatten();
        unfinished.decrement();
        let callbacks = promise.fulfil(outcome);
        (!callbacks.is_empty()).then(|| boxed(callbacks))
    }

    fn cancel(self: Box<Self>) -> Option<CallbacksToRun<'t>> {
        self.settle(Promise::cancel)
    }

    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<CallbacksToRun<'t>> {
        self.settle(|promise| promise.settle_broken(broken))
    }
}

impl<F, T> Call<F, T> {
    fn settle<'t>(
        self,
        how: impl FnOnce(&Promise<T>) -> Option<Callbacks<T>>,
    ) -> Option<CallbacksToRun<'t>>
    where
        T: Send + Sync + 't,
    {
        let Self { function, promise } = self;
        let callbacks = how(&promise);
        contain(|| drop(function));
        callbacks.map(boxed)
    }
}

fn boxed<'t, T: Send + Sync + 't>(callbacks: Callbacks<T>) -> CallbacksToRun<'t> {
    Box::new(|| callbacks.run())
}
