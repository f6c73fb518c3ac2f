//! The settings of a pool of threads, and its construction.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::error::BuildError;
use crate::panics::capture_backtraces;
use crate::thread_pool::executor::ThreadPoolExecutor;
use crate::thread_pool::pool::{Initializer, Settings};
use crate::thread_pool::scoped::{self, ScopedExecutor};

impl ThreadPoolExecutor {
    /// Returns an executor with at most `max_workers` threads. Starts no thread yet.
    ///
    /// ```
    /// use concurrent_futures::{BuildError, ThreadPoolExecutor};
    ///
    /// assert!(ThreadPoolExecutor::new(4).is_ok());
    /// assert!(matches!(ThreadPoolExecutor::new(0), Err(BuildError::NoWorkers)));
    /// ```
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] if `max_workers` is 0.
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// Returns a builder for an executor with other settings; see [`ThreadPoolBuilder`].
    ///
    /// ```
    /// let executor = concurrent_futures::ThreadPoolExecutor::builder().build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::new()
    }

    /// Calls `body` with an executor whose tasks may borrow from outside the scope. Waits until all tasks are done,
    /// then returns the result of `body`.
    ///
    /// The workers run in a [`std::thread::scope`]. To set the number of workers, see [`ThreadPoolBuilder::scope`].
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let text = String::from("one three seventeen");
    /// let words = ThreadPoolExecutor::scope(|executor| {
    ///     let future = executor.submit(|| text.split(' ').count())?;
    ///     future.result().copied().map_err(|error| Box::<dyn std::error::Error>::from(error.clone()))
    /// })?;
    /// assert_eq!(words, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If `body` panics, after all tasks are done.
    pub fn scope<'env, R, F>(body: F) -> R
    where
        F: for<'scope> FnOnce(&ScopedExecutor<'scope, 'env>) -> R,
    {
        let scoped = Self::builder().scope(body);
        scoped.unwrap_or_else(|error| unreachable!("the default pool can be built: {error}"))
    }
}

/// The settings of a [`ThreadPoolExecutor`] to be built.
///
/// ```
/// use concurrent_futures::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::builder()
///     .max_workers(8)
///     .thread_name_prefix("download")
///     .initializer(|| println!("a worker starts"))
///     .queue_bound(1000)
///     .build()?;
/// let name = executor.submit(|| std::thread::current().name().map(str::to_owned))?;
/// assert_eq!(name.result(), Ok(&Some("download_0".to_owned())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder builds nothing until `build` is called"]
pub struct ThreadPoolBuilder {
    max_workers: usize,
    queue_bound: Option<usize>,
    thread_name_prefix: Option<String>,
    initializer: Option<Initializer>,
}

impl ThreadPoolBuilder {
    fn new() -> Self {
        Self {
            max_workers: default_workers(),
            queue_bound: None,
            thread_name_prefix: None,
            initializer: None,
        }
    }

    /// Sets the maximum number of threads (default: the number of processors available to this program + 4, at most
    /// 32).
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let one_after_the_other = ThreadPoolExecutor::builder().max_workers(1).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = max_workers;
        self
    }

    /// Sets the prefix of the thread names, which is followed by `_0`, `_1`... (default: `pool-0`, `pool-1`...). Linux
    /// shows the first 15 characters of a name.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let executor = ThreadPoolExecutor::builder().thread_name_prefix("flags").build()?;
    /// let name = executor.submit(|| std::thread::current().name().map(str::to_owned))?;
    /// assert_eq!(name.result(), Ok(&Some("flags_0".to_owned())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.thread_name_prefix = Some(prefix.into());
        self
    }

    /// Sets a function that each worker calls before its first task. If it panics, the pool is broken: queued tasks
    /// fail with [`TaskError::Broken`](crate::TaskError::Broken), and no more tasks are accepted.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    /// use std::cell::Cell;
    ///
    /// thread_local!(static READY: Cell<bool> = const { Cell::new(false) });
    /// let executor = ThreadPoolExecutor::builder().initializer(|| READY.set(true)).build()?;
    /// assert_eq!(executor.submit(|| READY.get())?.result(), Ok(&true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn initializer(self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.initialize(move || {
            initializer();
            Ok(())
        })
    }

    /// Same as [`initializer`](Self::initializer), for a function that returns a [`Result`]. An error breaks the pool
    /// as a panic does.
    ///
    /// ```
    /// use concurrent_futures::{BrokenError, TaskError, ThreadPoolExecutor};
    ///
    /// let builder = ThreadPoolExecutor::builder().try_initializer(|| Err("no licence"));
    /// let executor = builder.build()?;
    /// let future = executor.submit(|| 42)?;
    /// let Err(TaskError::Broken(broken)) = future.result() else { unreachable!() };
    /// assert_eq!(broken.to_string(), "the pool's initializer failed: no licence");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_initializer<E: fmt::Display>(
        self,
        initializer: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.initialize(move || initializer().map_err(|error| error.to_string()))
    }

    fn initialize(
        mut self,
        initializer: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.initializer = Some(Box::new(initializer));
        self
    }

    /// Limits the number of tasks that wait for a worker (default: no limit). When the queue is full, `submit` blocks
    /// until a worker takes a task. In a worker of the same pool it returns
    /// [`SubmitError::QueueFull`](crate::SubmitError::QueueFull) instead, because that worker might be waiting for
    /// itself. A cancelled task keeps its place until a worker reaches it.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let executor = ThreadPoolExecutor::builder().max_workers(1).queue_bound(2).build()?;
    /// for n in 0..1000 {
    ///     executor.submit(move || n)?; // waits whenever two are queued
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue_bound(mut self, tasks: usize) -> Self {
        self.queue_bound = Some(tasks);
        self
    }

    /// Returns the executor. Starts no thread yet.
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] if `max_workers` is 0, [`BuildError::NoQueue`] if `queue_bound` is 0,
    /// [`BuildError::ThreadName`] if the prefix contains a NUL.
    ///
    /// ```
    /// let executor = concurrent_futures::ThreadPoolExecutor::builder().build()?;
    /// assert_eq!(executor.submit(|| 42)?.result(), Ok(&42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build(self) -> Result<ThreadPoolExecutor, BuildError> {
        Ok(ThreadPoolExecutor::with(self.settings()?))
    }

    /// Calls `body` with an executor whose tasks may borrow. Waits until all tasks are done, then returns the result of
    /// `body`; see [`ThreadPoolExecutor::scope`].
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let words = ["one", "three", "seventeen"];
    /// let letters = ThreadPoolExecutor::builder().max_workers(2).scope(|executor| {
    ///     let lengths = executor.map_fn(|word: &&str| word.len(), &words)?;
    ///     lengths.sum::<Result<usize, _>>().map_err(Box::<dyn std::error::Error>::from)
    /// })??;
    /// assert_eq!(letters, 17);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`build`](Self::build).
    ///
    /// # Panics
    /// If `body` panics, after all tasks are done.
    pub fn scope<'env, R, F>(self, body: F) -> Result<R, BuildError>
    where
        F: for<'scope> FnOnce(&ScopedExecutor<'scope, 'env>) -> R,
    {
        Ok(scoped::scope(self.settings()?, body))
    }

    fn settings(self) -> Result<Settings, BuildError> {
        if self.max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.queue_bound == Some(0) {
            return Err(BuildError::NoQueue);
        }
        let thread_name_prefix = self.thread_name_prefix.unwrap_or_else(next_default_prefix);
        if thread_name_prefix.contains('\0') {
            return Err(BuildError::ThreadName(thread_name_prefix));
        }
        capture_backtraces();
        Ok(Settings {
            max_workers: self.max_workers,
            queue_bound: self.queue_bound,
            thread_name_prefix,
            initializer: self.initializer,
        })
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("max_workers", &self.max_workers)
            .field("queue_bound", &self.queue_bound)
            .field("thread_name_prefix", &self.thread_name_prefix)
            .field("initializer", &self.initializer.is_some())
            .finish()
    }
}

/// Returns the default number of workers: a few more than processors, for tasks that wait, but not many more.
///
/// # Source
/// `ThreadPoolExecutor.__init__` of CPython.
fn default_workers() -> usize {
    let processors = thread::available_parallelism().map_or(1, Into::into);
    (processors + 4).min(32)
}

fn next_default_prefix() -> String {
    static POOLS: AtomicUsize = AtomicUsize::new(0);
    format!("pool-{}", POOLS.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_four_workers_more_than_processors_and_at_most_32() {
        let processors = thread::available_parallelism().unwrap().get();
        assert_eq!(
            ThreadPoolBuilder::new().max_workers,
            (processors + 4).min(32)
        );
    }
}
