//! The trait that all executors implement, so that a program need not fix which one it runs on.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::error::SubmitError;
use crate::future::Future;
use crate::shutdown::Shutdown;
use crate::task::{Fallible, Task};

/// An executor of tasks of type `K`: what pools of threads and of processes have in common.
///
/// A program that selects its executor at run time holds a `Box<dyn Executor<K>>`; one that selects it at compile time
/// takes an `impl Executor<K>`. If it may run on processes, its tasks must be types that implement [`Task`], because a
/// closure cannot be sent to another process. [`ExecutorExt`](crate::ExecutorExt) adds `map`.
///
/// A reference to an executor, a `Box` and an `Arc` of one are executors as well, also if the executor is behind `dyn`.
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
/// # Implementing an executor
/// Create a [`Future::pair`] for each task. Return the future and keep the promise with the task; keep no handle of the
/// future, because `map` takes the values out of futures that have only one. Before a worker runs the task, it calls
/// [`begin`](crate::Promise::begin); if that returns false, it drops the task without running it. Afterwards it
/// [sets](crate::Promise::set) the promise to the value, or to the error that
/// [`TaskError::catch_panic`](crate::TaskError::catch_panic) returns. A promise that is dropped settles its future as
/// broken, and [`Promise::cancel`](crate::Promise::cancel) cancels a task that is queued.
///
/// `try_submit` differs from `submit` only in the last step: the promise is one of the value and is set from
/// [`Fallible::into_value`]. To run a chunk, call [`Chunk::run`].
///
/// ```
/// use concurrent_futures::{
///     Chunk, Executor, ExecutorExt, Fallible, Future, Shutdown, SubmitError, Task, TaskError,
/// };
///
/// /// Runs each task at once, in the thread that submits it.
/// struct AtOnce;
///
/// impl AtOnce {
///     fn run<T>(call: impl FnOnce() -> Result<T, TaskError>) -> Result<Future<T>, SubmitError> {
///         let (promise, future) = Future::pair();
///         if promise.begin() {
///             promise.set(TaskError::catch_panic(call).flatten());
///         }
///         Ok(future)
///     }
/// }
///
/// impl<K: Task> Executor<K> for AtOnce {
///     fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
///         Self::run(|| Ok(task.run()))
///     }
///
///     fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
///     where
///         K::Output: Fallible,
///     {
///         Self::run(|| task.run().into_value().map_err(TaskError::failed))
///     }
///
///     fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
///         Self::run(|| Ok(Chunk::run(tasks)))
///     }
///
///     fn shutdown(&self, _how: Shutdown) -> bool {
///         true
///     }
/// }
///
/// let calls = [1, 2, 3].map(|n| move || n * n);
/// let squares: Vec<i32> = AtOnce.map(calls)?.collect::<Result<_, _>>()?;
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An executor that accepts only some tasks, such as those that can be serialized, implements the trait for these:
/// `impl<K: Task + Serialize> Executor<K> for ...`. Its `shutdown` must follow [`Shutdown::waits`],
/// [`Shutdown::deadline`] and [`Shutdown::cancels_pending`], and dropping it must wait as [`Shutdown::wait`] does.
pub trait Executor<K: Task>: Send + Sync {
    /// Queues a task and returns its future. Does not wait for the task, but may wait for room in a bounded queue.
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
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown), [`SubmitError::Broken`] if the executor is
    /// broken.
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError>;

    /// Queues a task that returns a [`Result`]. An `Ok` holds the value of the future, an `Err` becomes
    /// [`TaskError::Failed`](crate::TaskError::Failed).
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
    /// Those of [`submit`](Self::submit).
    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible;

    /// Queues several tasks as one. A single worker runs them in order; see [`Chunk::run`].
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
    /// Those of [`submit`](Self::submit).
    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError>;

    /// Rejects further tasks, then cancels pending tasks and blocks until the workers have ended, each if `how` says
    /// so. Returns whether all workers have ended. Further calls are allowed.
    ///
    /// An `Arc` of a pool of threads or of processes is an executor of tasks of any type. The compiler cannot choose one for
    /// a call that names no task, so where this trait is imported, call the method of the pool itself: `(*executor).shutdown(how)`.
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
    fn shutdown(&self, how: Shutdown) -> bool;
}

/// Implements the trait for a pointer to an executor.
macro_rules! forward {
    ($pointer:ty) => {
        impl<K: Task, E: Executor<K> + ?Sized> Executor<K> for $pointer {
            fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
                (**self).submit(task)
            }

            fn try_submit(
                &self,
                task: K,
            ) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
            where
                K::Output: Fallible,
            {
                (**self).try_submit(task)
            }

            fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
                (**self).submit_chunk(tasks)
            }

            fn shutdown(&self, how: Shutdown) -> bool {
                (**self).shutdown(how)
            }
        }
    };
}

forward!(&E);
forward!(Box<E>);
forward!(Arc<E>);
