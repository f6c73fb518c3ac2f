//! What all executors have in common, so that a program can leave open which one it runs on.

use crate::error::{SubmitError, TaskError};
use crate::future::Future;
use crate::map::{Map, MapOptions};
use crate::panics::call;
use crate::task::{Fallible, Task};

/// Runs tasks of the type `K`; the common ground of pools of either kind.
///
/// A program that decides at run time what it runs on holds a `Box<dyn Executor<K>>`; one that decides when it is compiled
/// takes an `impl Executor<K>`. What it runs must be a [`Task`] of its own, since a closure cannot leave its process.
/// [`ExecutorExt`] adds `map`.
///
/// ```
/// use concurrent_futures::{Executor, Task, ThreadPoolExecutor, as_completed};
///
/// struct Square(u64);
///
/// impl Task for Square {
///     type Output = u64;
///     const NAME: &'static str = "square";
///
///     fn run(self) -> u64 {
///         self.0 * self.0
///     }
/// }
///
/// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
/// let futures: Vec<_> = (1..=3).map(|n| executor.submit(Square(n))).collect::<Result<_, _>>()?;
/// let sum: u64 = as_completed(futures).filter_map(|f| f.result().ok().copied()).sum();
/// assert_eq!(sum, 14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # For who writes an executor
/// Make a [`Future::pair`] for each task; hand out the future and keep the promise with the task. Whoever runs the task
/// calls [`begin`](crate::Promise::begin) first, drops the task unrun if that says no, and settles the promise in the
/// end; a promise that gets lost settles its future as broken. `try_submit` differs from `submit` in the last step alone:
/// a promise of the value, set from [`Fallible::into_value`]. [`Chunk::run`] is all there is to running a chunk.
/// An executor for some tasks only, say those that can be sent elsewhere, says so where it implements the trait:
/// `impl<K: Task + Serialize> Executor<K> for ...`. Dropping an executor waits as `shutdown(true, false)` does.
pub trait Executor<K: Task>: Send + Sync {
    /// Queues a task; the future is its handle.
    ///
    /// ```
    /// # use concurrent_futures::{Executor, Task, ThreadPoolExecutor};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// assert_eq!(executor.submit(Square(7))?.result(), Ok(&49));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown), [`SubmitError::Broken`] when the executor is broken.
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError>;

    /// Queues a task that may fail: its error becomes [`TaskError::Failed`] and its value that of the future.
    ///
    /// ```
    /// use concurrent_futures::{Executor, Task, TaskError, ThreadPoolExecutor};
    ///
    /// struct Parse(&'static str);
    ///
    /// impl Task for Parse {
    ///     type Output = Result<i32, std::num::ParseIntError>;
    ///     const NAME: &'static str = "parse";
    ///
    ///     fn run(self) -> Self::Output {
    ///         self.0.parse()
    ///     }
    /// }
    ///
    /// let executor: Box<dyn Executor<Parse>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// assert_eq!(executor.try_submit(Parse("42"))?.result(), Ok(&42));
    /// assert!(matches!(executor.try_submit(Parse("x"))?.result(), Err(TaskError::Failed(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible;

    /// Queues many tasks as one, which one worker runs one after the other.
    ///
    /// ```
    /// # use concurrent_futures::{Executor, Task, ThreadPoolExecutor};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// let future = executor.submit_chunk((1..=3).map(Square).collect())?;
    /// let chunk = future.result().map_err(Clone::clone)?;
    /// assert_eq!(chunk.values, [1, 4, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError>;

    /// Takes no more tasks. `cancel_futures`: those that have not begun are cancelled, else they still run. `wait`:
    /// returns when all is done and the workers have ended, else at once. May be called again.
    ///
    /// ```
    /// # use concurrent_futures::{Executor, Task, ThreadPoolExecutor};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// executor.shutdown(true, false);
    /// assert!(executor.submit(Square(7)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn shutdown(&self, wait: bool, cancel_futures: bool);
}

/// What every executor can do because it is an [`Executor`], also one behind `dyn`.
pub trait ExecutorExt<K: Task>: Executor<K> {
    /// Queues all `tasks` at once; the iterator gives their results in the same order.
    ///
    /// See [`Map`] for what happens when one fails, when time is up, and when the iterator is dropped.
    ///
    /// ```
    /// # use concurrent_futures::{Task, ThreadPoolExecutor};
    /// use concurrent_futures::{Executor, ExecutorExt};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    ///
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// let squares: Vec<u64> = executor.map((1..=3).map(Square))?.collect::<Result<_, _>>()?;
    /// assert_eq!(squares, [1, 4, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Executor::submit`]; what has been queued before still runs.
    fn map<I>(&self, tasks: I) -> Result<Map<'static, K::Output>, SubmitError>
    where
        I: IntoIterator<Item = K>,
    {
        Map::of_all(1, tasks, self)
    }

    /// As [`map`](Self::map), in chunks or with a buffer as `options` say.
    ///
    /// ```
    /// # use concurrent_futures::{Task, ThreadPoolExecutor};
    /// use concurrent_futures::{Executor, ExecutorExt, MapOptions};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    ///
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// let endless = (1..).map(Square);
    /// let squares = executor.map_with(MapOptions::new().buffered(4), endless)?;
    /// let first: Vec<u64> = squares.take(3).collect::<Result<_, _>>()?;
    /// assert_eq!(first, [1, 4, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Executor::submit`], and [`SubmitError::NoRoom`] when `options` leave no room.
    fn map_with<'a, I>(
        &'a self,
        options: MapOptions,
        tasks: I,
    ) -> Result<Map<'a, K::Output>, SubmitError>
    where
        I: IntoIterator<Item = K>,
        I::IntoIter: Send + 'a,
        K: 'a,
    {
        Map::with(options, tasks, self)
    }
}

impl<K: Task, E: Executor<K> + ?Sized> ExecutorExt<K> for E {}

/// The values of a chunk of tasks, up to the first that has none.
///
/// ```
/// use concurrent_futures::Chunk;
///
/// let chunk = Chunk::run([1, 0, 2].map(|n| move || 10 / n));
/// assert_eq!(chunk.values, [10]);
/// assert!(chunk.error.is_some(), "the second divides by zero, the third does not run");
/// ```
#[derive(Debug)]
pub struct Chunk<T> {
    /// What came before.
    pub values: Vec<T>,
    /// Why the next one has no value; none if all have one.
    pub error: Option<TaskError>,
}

impl<T> Chunk<T> {
    /// What came back from another process, which tells a panic by its words.
    #[cfg(unix)]
    pub(crate) fn ended_by(values: Vec<T>, panic: Option<String>) -> Self {
        let error = panic.map(|message| TaskError::Panicked {
            message,
            backtrace: None,
        });
        Self { values, error }
    }

    /// Runs `tasks` one after the other until one panics.
    ///
    /// ```
    /// # use concurrent_futures::Chunk;
    /// assert_eq!(Chunk::run([|| 1, || 2]).values, [1, 2]);
    /// ```
    pub fn run<K: Task<Output = T>>(tasks: impl IntoIterator<Item = K>) -> Self {
        let mut values = Vec::new();
        for task in tasks {
            match call(|| task.run()) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let error = Some(error);
                    return Self { values, error };
                }
            }
        }
        Self {
            values,
            error: None,
        }
    }
}
