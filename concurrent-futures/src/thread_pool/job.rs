//! A task in the queue, its types forgotten.

use std::sync::Arc;

use crate::error::{Broken, TaskError};
use crate::future::{Callbacks, Future, Promise};
use crate::panics::{call, contain};
use crate::thread_pool::pool::Pool;

/// What the queue holds; `'t` is how long what it borrows is there.
pub(super) trait Job<'t>: Send {
    fn run(self: Box<Self>, pool: &Arc<Pool<'t>>);
    fn cancel(self: Box<Self>) -> Option<CallbacksToRun<'t>>;
    fn break_off(self: Box<Self>, broken: Broken) -> Option<CallbacksToRun<'t>>;
}

pub(super) type CallbacksToRun<'t> = Box<dyn FnOnce() + 't>;

/// A job that calls `function`, and the future that will have its outcome.
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
    fn run(self: Box<Self>, pool: &Arc<Pool<'t>>) {
        let Self { function, promise } = *self;
        if !promise.begin() {
            pool.task_ends();
            return;
        }
        let outcome = call(function).flatten();
        pool.task_ends();
        let callbacks = promise.fulfil(outcome);
        if !callbacks.is_empty() {
            // A callback may wait for another task of this pool, so that task may need another worker. Without one it
            // waits for this worker, as it would have to anyway.
            let _ = pool.task_comes();
            callbacks.run();
            pool.task_ends();
        }
    }

    fn cancel(self: Box<Self>) -> Option<CallbacksToRun<'t>> {
        self.settle(Promise::cancel)
    }

    fn break_off(self: Box<Self>, broken: Broken) -> Option<CallbacksToRun<'t>> {
        self.settle(|promise| promise.break_off(broken))
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
        callbacks.map(|callbacks| Box::new(|| callbacks.run()) as CallbacksToRun<'t>)
    }
}
