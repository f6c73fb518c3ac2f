//! Why a task has no value, why it was not taken, why a wait ended early, and why there is no pool. One type each: who
//! waits for a result, who submits and who builds a pool decide different things.

use std::error::Error;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::process::ExitStatus;
use std::sync::Arc;

/// Why a task has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It ended with an error of its own; the source is that error.
    #[error("the task failed")]
    Failed(#[source] SharedError),
    /// It panicked; the pool lives on.
    #[error("the task panicked: {message}")]
    #[non_exhaustive]
    Panicked {
        /// What the panic said.
        message: String,
        /// Where it panicked, if `RUST_BACKTRACE` (or `RUST_LIB_BACKTRACE`) asks for it.
        backtrace: Option<String>,
    },
    /// It was cancelled before it began.
    #[error("the task was cancelled")]
    Cancelled,
    /// Whoever should have run it to its end is gone.
    #[error("the task did not finish")]
    Broken(#[source] BrokenError),
    /// The task, or its value, cannot be written for the way between two processes; the pool lives on.
    #[error("the task or its value cannot be encoded: {message}")]
    #[non_exhaustive]
    Encode {
        /// What stood in the way.
        message: String,
    },
    /// The task, or its value, cannot be read at the other end; the pool lives on.
    #[error("the task or its value cannot be decoded: {message}")]
    #[non_exhaustive]
    Decode {
        /// What stood in the way.
        message: String,
    },
}

impl TaskError {
    /// The failure of a task that ended with `error`.
    ///
    /// ```
    /// use concurrent_futures::TaskError;
    ///
    /// let error = TaskError::failed("no such flag");
    /// assert_eq!(error.to_string(), "the task failed");
    /// let TaskError::Failed(failure) = error else { unreachable!() };
    /// assert_eq!(failure.to_string(), "no such flag");
    /// ```
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(SharedError::new(error))
    }
}

/// The error a task ended with, shared by all who hold its future.
///
/// It leads to the error itself, so `failure.downcast_ref::<io::Error>()` tells which it is. Two are equal when they are the
/// same failure, not when they say the same.
///
/// ```
/// use std::io;
/// use concurrent_futures::{TaskError, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(1)?;
/// let future = executor.try_submit(|| std::fs::read("/no/such/file"))?;
/// let Err(TaskError::Failed(failure)) = future.result() else { unreachable!() };
/// let error = failure.downcast_ref::<io::Error>().expect("what the task returned");
/// assert_eq!(error.kind(), io::ErrorKind::NotFound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedError(Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// Holds `error`, or a text as an error.
    ///
    /// ```
    /// assert_eq!(concurrent_futures::SharedError::new("too late").to_string(), "too late");
    /// ```
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

// Not an error itself: as the source of one it would hide the error inside.
impl Deref for SharedError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for SharedError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedError {}

/// The reason why a task was not run to its end, or why an executor takes no more tasks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenError {
    /// A worker could not be set up, so none of the workers is trusted any more.
    #[error("the pool's initializer failed: {message}")]
    #[non_exhaustive]
    Initializer {
        /// What its error or its panic said.
        message: String,
    },
    /// The task was thrown away, with the pool's queue or halfway.
    #[error("the task was dropped")]
    Abandoned,
    /// A worker process was killed, or ended by itself.
    #[error("the worker process {pid} ended: {status}")]
    #[non_exhaustive]
    Worker {
        /// Its process id.
        pid: u32,
        /// What it ended with.
        status: ExitStatus,
    },
    /// There is no worker process, and none can be started.
    #[error("no worker process could be started: {message}")]
    #[non_exhaustive]
    NoWorker {
        /// What stood in the way.
        message: String,
    },
}

/// Why an executor did not take a task.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// It has been shut down.
    #[error("the executor has been shut down")]
    ShutDown,
    /// It is broken.
    #[error("the pool is broken")]
    Broken(#[source] BrokenError),
    /// It has no worker yet, and the system gives it none.
    #[error("cannot start a thread for the first worker")]
    NoThread(#[source] io::Error),
    /// Its queue is full, and the one who submits is one of its own workers, which cannot wait for itself.
    #[error("the queue is full, and a worker of the same pool cannot wait for room in it")]
    QueueFull,
    /// The [`MapOptions`](crate::MapOptions) ask for chunks of 0 tasks or a buffer for 0.
    #[error("the chunk size and the buffer size must be at least 1")]
    InvalidMapOptions,
}

/// Why a pool cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A pool without workers would never run anything.
    #[error("max_workers must be at least 1")]
    NoWorkers,
    /// A queue without room would never take anything.
    #[error("queue_bound must be at least 1")]
    NoQueue,
    /// No thread can have a name with a NUL in it.
    #[error("a thread's name cannot contain NUL: {0:?}")]
    ThreadName(String),
    /// A worker that may take no task would never run anything.
    #[error("max_tasks_per_child must be at least 1")]
    NoTasksPerChild,
    /// A worker without a task in flight would never run anything.
    #[error("window must be at least 1")]
    NoWindow,
    /// A worker is this program started again, and its `main` would not know that it is one.
    #[error("main must call Registry::serve before it builds a process pool")]
    NotServing,
    /// The program cannot be started again: its file is not known.
    #[error("cannot determine the path of this program")]
    NoProgram(#[source] io::Error),
    /// The initializer cannot be handed to a worker.
    #[error("the initializer cannot be sent to a worker")]
    Initializer(#[source] TaskError),
}

/// The error of a wait for one future that is not done in time. The task goes on.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures::{Future, TimeoutError};
///
/// let (_promise, future) = Future::<i32>::pair();
/// let error: TimeoutError = future.result_timeout(Duration::ZERO).unwrap_err();
/// assert_eq!(error.to_string(), "timed out waiting for the task");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out waiting for the task")]
#[non_exhaustive]
pub struct TimeoutError;

/// Why a `map` ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The call whose turn it was has no value.
    #[error("a call of the map failed")]
    Task(#[source] TaskError),
    /// The result whose turn it was did not come in time.
    #[error("timed out waiting for a result of the map")]
    TimedOut,
    /// A buffered map could not hand in more.
    #[error("the map could not submit its next task")]
    Submit(#[source] SubmitError),
}

/// The error with which an [`as_completed`](crate::as_completed()) ends when its time is up.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures::{Future, as_completed};
///
/// let (_promise, future) = Future::<i32>::pair();
/// let mut done = as_completed([future]).timeout(Duration::ZERO);
/// let error = done.next().unwrap().unwrap_err();
/// assert_eq!((error.unfinished, error.total), (1, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{unfinished} (of {total}) futures unfinished")]
#[non_exhaustive]
pub struct UnfinishedError {
    /// How many were not done.
    pub unfinished: usize,
    /// How many there were.
    pub total: usize,
}
