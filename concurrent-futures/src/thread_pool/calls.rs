//! What the executors with and without a scope share.

use std::sync::Arc;

use crate::error::{SubmitError, TaskError};
use crate::future::Future;
use crate::shutdown::Shutdown;
use crate::task::{Fallible, Task};
use crate::thread_pool::job::job;
use crate::thread_pool::pool::Pool;

/// Returns one task per item, each of which calls `function` with it.
pub(super) fn calls<I, F>(function: F, items: I) -> impl Iterator<Item = Call<F, I::Item>>
where
    I: Iterator,
{
    let function = Arc::new(function);
    items.map(move |item| Call {
        function: Arc::clone(&function),
        item,
    })
}

/// One call of a function that is shared by many items.
pub(super) struct Call<F, A> {
    function: Arc<F>,
    item: A,
}

impl<F, A, T> Task for Call<F, A>
where
    F: Fn(A) -> T + Send + Sync,
    A: Send,
    T: Send + Sync,
{
    type Output = T;
    const NAME: &'static str = "call";

    fn run(self) -> T {
        (self.function)(self.item)
    }
}

pub(super) fn submit<'t, T, F>(pool: &Arc<Pool<'t>>, function: F) -> Result<Future<T>, SubmitError>
where
    T: Send + Sync + 't,
    F: FnOnce() -> Result<T, TaskError> + Send + 't,
{
    let (job, future) = job(function);
    pool.submit(job)?;
    Ok(future)
}

/// Submits a task whose `Err` counts as its failure.
pub(super) fn try_submit<'t, K>(
    pool: &Arc<Pool<'t>>,
    task: K,
) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
where
    K: Task<Output: Fallible<Value: 't>> + 't,
{
    submit(pool, || task.run().into_value().map_err(TaskError::failed))
}

/// Closes a pool and waits as `how` says. Returns whether all workers have ended.
pub(super) fn shutdown(pool: &Pool<'_>, how: Shutdown) -> bool {
    pool.close();
    if how.cancels_pending() {
        pool.cancel_queue();
    }
    pool.join_workers(how.timeout())
}
