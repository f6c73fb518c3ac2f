//! The executor for tasks that borrow. Its workers cannot outlive the borrowed data, because the standard library joins
//! them at the end of the scope.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::thread;

use crate::chunk::Chunk;
use crate::error::SubmitError;
use crate::executor::Executor;
use crate::future::Future;
use crate::map::{Map, MapOptions};
use crate::shutdown::Shutdown;
use crate::task::{Fallible, Task};
use crate::thread_pool::calls::{calls, chunk_of, shutdown, submit, value_of, value_or_failure_of};
use crate::thread_pool::job::borrowing_job;
use crate::thread_pool::pool::{Pool, Settings};
use crate::thread_pool::thread::start_in;

/// The executor inside [`ThreadPoolExecutor::scope`](crate::ThreadPoolExecutor::scope). Works as a
/// [`ThreadPoolExecutor`](crate::ThreadPoolExecutor), but its tasks may borrow.
///
/// ```
/// use concurrent_futures::ThreadPoolExecutor;
///
/// let numbers = [1, 2, 3];
/// ThreadPoolExecutor::scope(|executor| {
///     let sum = executor.submit(|| numbers.iter().sum::<i32>()).unwrap();
///     let count = executor.submit(|| numbers.len()).unwrap();
///     assert_eq!((sum.result(), count.result()), (Ok(&6), Ok(&3)));
/// });
/// ```
pub struct ScopedExecutor<'scope, 'env: 'scope> {
    pool: Arc<Pool<'scope>>,
    /// As in [`thread::Scope`]: borrowed data must exist before the scope begins.
    env: PhantomData<&'env mut &'env ()>,
}

pub(super) fn scope<'env, R, F>(settings: Settings, body: F) -> R
where
    F: for<'scope> FnOnce(&ScopedExecutor<'scope, 'env>) -> R,
{
    thread::scope(|scope| {
        let executor = ScopedExecutor {
            pool: Pool::new(settings, start_in(scope)),
            env: PhantomData,
        };
        body(&executor)
    })
}

impl<'scope> ScopedExecutor<'scope, '_> {
    /// Queues a task and returns its future, as [`ThreadPoolExecutor::submit`](crate::ThreadPoolExecutor::submit) does.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let words = ["1", "two"].map(String::from);
    /// ThreadPoolExecutor::scope(|executor| {
    ///     let first = executor.submit(|| words[0].len()).unwrap();
    ///     assert_eq!(first.result(), Ok(&1));
    /// });
    /// ```
    ///
    /// # Errors
    /// Those of [`ThreadPoolExecutor::submit`](crate::ThreadPoolExecutor::submit).
    pub fn submit<K>(&self, task: K) -> Result<Future<K::Output>, SubmitError>
    where
        K: Task + 'scope,
    {
        submit(&self.pool, borrowing_job(value_of(task)))
    }

    /// Queues a task that returns a [`Result`], as
    /// [`ThreadPoolExecutor::try_submit`](crate::ThreadPoolExecutor::try_submit) does.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let words = ["1", "two"].map(String::from);
    /// ThreadPoolExecutor::scope(|executor| {
    ///     let first = executor.try_submit(|| words[0].parse::<i32>()).unwrap();
    ///     assert_eq!(first.result(), Ok(&1));
    /// });
    /// ```
    ///
    /// # Errors
    /// Those of [`ThreadPoolExecutor::try_submit`](crate::ThreadPoolExecutor::try_submit).
    pub fn try_submit<K>(
        &self,
        task: K,
    ) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K: Task<Output: Fallible> + 'scope,
    {
        submit(&self.pool, borrowing_job(value_or_failure_of(task)))
    }

    /// Queues `function(item)` for all `items` and returns an iterator over the results, as
    /// [`ThreadPoolExecutor::map_fn`](crate::ThreadPoolExecutor::map_fn) does.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let words = ["1", "two"].map(String::from);
    /// ThreadPoolExecutor::scope(|executor| {
    ///     let lengths = executor.map_fn(|word: &String| word.len(), &words).unwrap();
    ///     assert_eq!(lengths.map(Result::unwrap).sum::<usize>(), 4);
    /// });
    /// ```
    ///
    /// # Errors
    /// Those of [`ThreadPoolExecutor::map_fn`](crate::ThreadPoolExecutor::map_fn).
    pub fn map_fn<I, T, F>(&self, function: F, items: I) -> Result<Map<'static, T>, SubmitError>
    where
        I: IntoIterator<Item: Send + 'scope>,
        T: Send + Sync + 'scope,
        F: Fn(I::Item) -> T + Send + Sync + 'scope,
    {
        Map::submit_all(1, calls(function, items.into_iter()), self)
    }

    /// Same as [`map_fn`](Self::map_fn), but in chunks or through a buffer, as `options` say; see [`MapOptions`].
    ///
    /// ```
    /// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
    ///
    /// let words = ["1", "two"].map(String::from);
    /// ThreadPoolExecutor::scope(|executor| {
    ///     let options = MapOptions::new().chunks(2);
    ///     let lengths = executor.map_fn_with(options, |word: &String| word.len(), &words).unwrap();
    ///     assert_eq!(lengths.map(Result::unwrap).sum::<usize>(), 4);
    /// });
    /// ```
    ///
    /// # Errors
    /// Those of [`ThreadPoolExecutor::map_fn_with`](crate::ThreadPoolExecutor::map_fn_with).
    pub fn map_fn_with<'a, I, T, F>(
        &'a self,
        options: MapOptions,
        function: F,
        items: I,
    ) -> Result<Map<'a, T>, SubmitError>
    where
        I: IntoIterator<Item: Send + 'scope, IntoIter: Send + 'a>,
        T: Send + Sync + 'scope,
        F: Fn(I::Item) -> T + Send + Sync + 'scope,
    {
        Map::submit_with(options, calls(function, items.into_iter()), self)
    }

    /// Rejects further tasks, then cancels and waits as `how` says. Returns whether all workers have ended; see
    /// [`ThreadPoolExecutor::shutdown`](crate::ThreadPoolExecutor::shutdown). After [`Shutdown::no_wait`] the end of
    /// the scope waits.
    ///
    /// ```
    /// use concurrent_futures::{Shutdown, ThreadPoolExecutor};
    ///
    /// let words = ["1", "two"].map(String::from);
    /// ThreadPoolExecutor::scope(|executor| {
    ///     executor.shutdown(Shutdown::wait());
    ///     assert!(executor.submit(|| words.len()).is_err());
    /// });
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> bool {
        shutdown(&self.pool, how)
    }
}

impl<'scope, K: Task + 'scope> Executor<K> for ScopedExecutor<'scope, '_> {
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
        submit(&self.pool, borrowing_job(chunk_of(tasks)))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        self.shutdown(how)
    }
}

impl Drop for ScopedExecutor<'_, '_> {
    fn drop(&mut self) {
        self.shutdown(Shutdown::wait());
    }
}

impl fmt::Debug for ScopedExecutor<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.describe("ScopedExecutor", f)
    }
}
