//! The executor for tasks that own their data: submits tasks to the pool and shuts it down.

use std::fmt;
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::error::SubmitError;
use crate::executor::Executor;
use crate::future::Future;
use crate::map::{Map, MapOptions};
use crate::shutdown::Shutdown;
use crate::task::{Fallible, Task};
use crate::thread_pool::calls::{calls, chunk_of, shutdown, submit, value_of, value_or_failure_of};
use crate::thread_pool::job::job;
use crate::thread_pool::pool::{Pool, Settings};
use crate::thread_pool::thread::start_unscoped;

/// An executor that runs tasks on a bounded number of threads, in the order submitted.
///
/// A thread is started when a task finds no idle one. Dropping the executor waits for all tasks, as leaving Python's
/// `with` block does, even after [`Shutdown::no_wait`]. A worker of the pool that drops it does not wait, because it
/// cannot wait for itself. An executor that is never dropped is not waited for: when `main` returns or
/// [`std::process::exit`] is called, its remaining tasks are lost.
///
/// A panic in a task is caught. This requires `panic = "unwind"`, the default. If `RUST_BACKTRACE` enables backtraces,
/// the first pool of a program installs a panic hook in front of the existing one, to record where its tasks panic.
///
/// ```
/// use concurrent_futures::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let answer = executor.submit(|| 6 * 7)?;
/// assert_eq!(answer.result(), Ok(&42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ThreadPoolExecutor {
    pool: Arc<Pool<'static>>,
}

impl ThreadPoolExecutor {
    pub(super) fn with(settings: Settings) -> Self {
        Self {
            pool: Pool::new(settings, start_unscoped()),
        }
    }

    /// Queues a task, a closure or a [`Task`], and returns its future. Does not block, unless the queue has a
    /// [bound](crate::ThreadPoolBuilder::queue_bound) and is full.
    ///
    /// The task runs even if the future is dropped. The values that it captured are dropped when it returns or, if it
    /// is cancelled, when a worker reaches its place in the queue.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let word = String::from("seventeen");
    /// let future = executor.submit(move || word.len())?;
    /// assert_eq!(future.result(), Ok(&9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown), [`SubmitError::Broken`] after an initializer
    /// failed, [`SubmitError::NoThread`] if the first thread cannot be started, [`SubmitError::QueueFull`] in a worker
    /// of this pool if the queue is full.
    pub fn submit<K>(&self, task: K) -> Result<Future<K::Output>, SubmitError>
    where
        K: Task + 'static,
    {
        submit(&self.pool, job(value_of(task)))
    }

    /// Queues a task that returns a [`Result`]. An `Ok` holds the value of the future, an `Err` becomes
    /// [`TaskError::Failed`](crate::TaskError::Failed). Blocks as [`submit`](Self::submit) does.
    ///
    /// ```
    /// use concurrent_futures::{TaskError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let good = executor.try_submit(|| "42".parse::<i32>())?;
    /// let bad = executor.try_submit(|| "forty-two".parse::<i32>())?;
    /// assert_eq!(good.result(), Ok(&42));
    /// assert!(matches!(bad.result(), Err(TaskError::Failed(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub fn try_submit<K>(
        &self,
        task: K,
    ) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K: Task<Output: Fallible> + 'static,
    {
        submit(&self.pool, job(value_or_failure_of(task)))
    }

    /// Queues `function(item)` for all `items` at once and returns an iterator over the results, in the order of the
    /// items. Blocks as [`submit`](Self::submit) does.
    ///
    /// See [`Map`] for what happens when a call fails, when a timeout passes, and when the iterator is dropped. This is
    /// for threads only; [`ExecutorExt::map`](crate::ExecutorExt::map), which takes tasks, works on any executor.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(2)?;
    /// let lengths = executor.map_fn(str::len, ["one", "three", "seventeen"])?;
    /// assert_eq!(lengths.collect::<Result<Vec<_>, _>>()?, [3, 5, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit). Calls queued before the error still run.
    pub fn map_fn<I, T, F>(&self, function: F, items: I) -> Result<Map<'static, T>, SubmitError>
    where
        I: IntoIterator<Item: Send + 'static>,
        T: Send + Sync + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
    {
        Map::submit_all(1, calls(function, items.into_iter()), self)
    }

    /// Same as [`map_fn`](Self::map_fn), but in chunks or through a buffer, as `options` say; see [`MapOptions`].
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(2)?;
    /// use concurrent_futures::MapOptions;
    ///
    /// let squares = executor.map_fn_with(MapOptions::new().chunks(10), |n| n * n, 0..1000)?;
    /// assert_eq!(squares.map(Result::unwrap).last(), Some(999 * 999));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit), and [`SubmitError::InvalidMapOptions`] if `options` specify chunks or a
    /// buffer of 0.
    pub fn map_fn_with<'a, I, T, F>(
        &'a self,
        options: MapOptions,
        function: F,
        items: I,
    ) -> Result<Map<'a, T>, SubmitError>
    where
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'a>,
        T: Send + Sync + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
    {
        Map::submit_with(options, calls(function, items.into_iter()), self)
    }

    /// Rejects further tasks, then cancels pending tasks and waits for the workers, each if `how` says so. Returns whether
    /// all workers have ended.
    ///
    /// Further calls are allowed. In a worker of this pool it does not wait, because a worker cannot wait for itself.
    /// After [`Shutdown::cancel_pending`] running tasks can learn from [`current`](crate::current) that they are
    /// cancelled.
    ///
    /// ```
    /// use concurrent_futures::{Shutdown, SubmitError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 42)?;
    /// executor.shutdown(Shutdown::wait());
    /// assert!(future.done());
    /// assert!(matches!(executor.submit(|| 43), Err(SubmitError::ShutDown)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> bool {
        shutdown(&self.pool, how)
    }
}

impl<K: Task + 'static> Executor<K> for ThreadPoolExecutor {
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.submit(task)
    }

    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible,
    {
        self.try_submit(task)
    }

    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
        submit(&self.pool, job(chunk_of(tasks)))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        self.shutdown(how)
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(Shutdown::wait());
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.describe("ThreadPoolExecutor", f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_task_remains_counted_as_unfinished_after_shutdown() {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        for n in 0..300 {
            let future = executor.submit(move || assert!(n % 3 > 0)).unwrap();
            if n % 2 == 0 {
                future.cancel();
            }
            if n % 5 == 0 {
                future.add_done_callback(|_| ());
            }
        }
        executor.shutdown(Shutdown::wait());
        assert_eq!(executor.pool.unfinished().count(), 0);
    }
}
