//! Why an executor cannot be built, or does not accept a task.

use std::io;

use super::broken::BrokenError;
use super::distance::DistanceError;
use super::task::TaskError;

/// The reason why an executor did not accept a task.
///
/// ```
/// use concurrent_futures::{Shutdown, SubmitError, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(1)?;
/// executor.shutdown(Shutdown::wait());
/// assert!(matches!(executor.submit(|| 42), Err(SubmitError::ShutDown)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The executor has been shut down.
    #[error("the executor has been shut down")]
    ShutDown,
    /// The executor is broken.
    #[error("the pool is broken: {0}")]
    Broken(BrokenError),
    /// The pool has no worker yet, and the system cannot start a thread.
    #[error("cannot start a thread for the first worker: {0}")]
    NoThread(io::Error),
    /// The queue is full, and the caller is a worker of the same pool. It does not wait, because it might be the worker
    /// that has to make room.
    #[error("the queue is full, and a worker of the same pool cannot wait for room in it")]
    QueueFull,
    /// The workers do not have the task: `main` must add it to the registry that it serves.
    #[error("{message}")]
    #[non_exhaustive]
    Unregistered {
        /// What to add.
        message: String,
    },
    /// The task cannot be sent to another machine.
    #[error(transparent)]
    Distance(DistanceError),
    /// The [`MapOptions`](crate::MapOptions) specify chunks of 0 tasks or a buffer of 0.
    #[error("the chunk size and the buffer size must be at least 1")]
    InvalidMapOptions,
}

/// The reason why a pool cannot be built.
///
/// ```
/// use concurrent_futures::{BuildError, ThreadPoolExecutor};
///
/// let error = ThreadPoolExecutor::new(0).unwrap_err();
/// assert!(matches!(error, BuildError::NoWorkers));
/// assert_eq!(error.to_string(), "max_workers must be at least 1");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// `max_workers` is 0. Such a pool would never run a task.
    #[error("max_workers must be at least 1")]
    NoWorkers,
    /// `queue_bound` is 0. Such a queue would never accept a task.
    #[error("queue_bound must be at least 1")]
    NoQueue,
    /// The prefix of the thread names contains a NUL, which no thread name can contain. Holds the prefix.
    #[error("a thread's name cannot contain NUL: {0:?}")]
    ThreadName(String),
    /// `max_tasks_per_child` is 0. Such a worker would never run a task.
    #[error("max_tasks_per_child must be at least 1")]
    NoTasksPerChild,
    /// `window` is 0. Such a worker would never be sent a task.
    #[error("window must be at least 1")]
    NoWindow,
    /// `main` has not called `serve`. A worker is this program started again, and without that call its
    /// `main` would not act as a worker.
    #[error("main must call `serve` before it builds a process pool")]
    NotServing,
    /// The path of this program is unknown, so it cannot be started again.
    #[error("cannot determine the path of this program: {0}")]
    NoProgram(io::Error),
    /// The initializer cannot be sent to a worker, or the workers do not have it.
    #[error("the initializer cannot be used: {0}")]
    Initializer(TaskError),
}
