//! What the executors with and without a scope share.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::error::{SubmitError, TaskError};
use crate::future::Future;
use crate::shutdown::Shutdown;
use crate::task::{Fallible, Task};
use crate::thread_pool::job::Job;
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

/// Returns the function of a task whose output is its value.
pub(super) fn value_of<K: Task>(task: K) -> impl FnOnce() -> Result<K::Output, TaskError> + Send {
    || Ok(task.run())
}

/// Returns the function of a task whose `Err` counts as its failure.
pub(super) fn value_or_failure_of<K: Task<Output: Fallible>>(
    task: K,
) -> impl FnOnce() -> Result<<K::Output as Fallible>::Value, TaskError> + Send {
    || task.run().into_value().map_err(TaskError::failed)
}

/// Returns the function of several tasks that run as one.
pub(super) fn chunk_of<K: Task>(
    tasks: Vec<K>,
) -> impl FnOnce() -> Result<Chunk<K::Output>, TaskError> + Send {
    || Ok(Chunk::run(tasks))
}

/// Queues a job and returns its future.
pub(super) fn submit<'t, T>(
    pool: &Arc<Pool<'t>>,
    (job, future): (Arc<dyn Job + 't>, Future<T>),
) -> Result<Future<T>, SubmitError> {
    pool.submit(job)?;
    Ok(future)
}

/// Closes a pool and waits as `how` says. Returns whether all workers have ended.
pub(super) fn shutdown(pool: &Pool<'_>, how: Shutdown) -> bool {
    pool.close();
    if how.cancels_pending() {
        pool.cancel_queue();
    }
    pool.join_workers(how.timeout())
}
