//! What all executors have in common, so that a program can leave open which one it runs on.

use crate::chunk::Chunk;
use crate::error::SubmitError;
use crate::future::Future;
use crate::shutdown::Shutdown;
use crate::task::{Fallible, Task};

/// Runs tasks of the type `K`; the common ground of pools of either kind.
///
/// A program that decides at run time what it runs on holds a `Box<dyn Executor<K>>`; one that decides when it is compiled
/// takes an `impl Executor<K>`. What it runs must be a [`Task`] of its own, since a closure cannot leave its process.
/// [`ExecutorExt`](crate::ExecutorExt) adds `map`.
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
/// `impl<K: Task + Serialize> Executor<K> for ...`. Its `shutdown` acts on [`Shutdown::waits`] and
/// [`Shutdown::cancels_pending`]; dropping it waits as [`Shutdown::wait`] does.
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

    /// Queues a task that may fail: its error becomes [`TaskError::Failed`](crate::TaskError::Failed) and its value that of the future.
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

    /// Takes no more tasks, and waits for and cancels what `how` says. May be called again.
    ///
    /// ```
    /// # use concurrent_futures::{Executor, Task, ThreadPoolExecutor};
    /// use concurrent_futures::Shutdown;
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    ///
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// executor.shutdown(Shutdown::wait());
    /// assert!(executor.submit(Square(7)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn shutdown(&self, how: Shutdown);
}
