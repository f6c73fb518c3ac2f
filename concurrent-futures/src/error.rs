//! The errors of tasks, submissions, waits and builders.
//!
//! There is one type for each, because the code that waits for a result, the code that submits a task and the code that
//! builds a pool make different decisions.
//!
//! The message of an error names its cause, so that one line says why. `source` therefore skips the cause, which the
//! variant holds, and returns the source of the cause: a report that prints the whole chain repeats nothing.

use std::error::Error;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::process::ExitStatus;
use std::sync::Arc;

#[cfg(feature = "processes")]
use portable_task::{RemoteError, RemoteErrorKind};

/// The reason why a task has no value.
///
/// The message names the cause. The source is that of the cause, so that a printed chain does not repeat it:
///
/// ```
/// use std::error::Error;
/// use concurrent_futures::TaskError;
///
/// let error = TaskError::failed("no such flag");
/// assert_eq!(error.to_string(), "the task failed: no such flag");
/// assert!(error.source().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// The task returned this error.
    Failed(SharedError),
    /// The task panicked. The pool continues.
    #[non_exhaustive]
    Panicked {
        /// The panic message.
        message: String,
        /// The backtrace of the panic, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` enables backtraces. Always `None`
        /// for a task that ran in another process.
        backtrace: Option<String>,
    },
    /// The task was cancelled before it started.
    Cancelled,
    /// The worker or the promise that should have finished the task is gone.
    Broken(BrokenError),
    /// The task or its value cannot be encoded to be sent to another process. The pool continues.
    #[non_exhaustive]
    Encode {
        /// The reason.
        message: String,
    },
    /// The task or its value cannot be decoded by the process that receives it. The pool continues.
    #[non_exhaustive]
    Decode {
        /// The reason.
        message: String,
    },
    /// The worker does not have the task, or has it in another version. The pool continues.
    #[non_exhaustive]
    Unregistered {
        /// The reason.
        message: String,
    },
}

// Written by hand: a derived `source` returns either the cause or nothing.
impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(failure) => failure.source(),
            Self::Broken(broken) => broken.source(),
            Self::Panicked { .. }
            | Self::Cancelled
            | Self::Encode { .. }
            | Self::Decode { .. }
            | Self::Unregistered { .. } => None,
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => write!(f, "the task failed: {failure}"),
            Self::Panicked { message, .. } => write!(f, "the task panicked: {message}"),
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Broken(broken) => write!(f, "the task did not finish: {broken}"),
            Self::Encode { message } => {
                write!(f, "the task or its value cannot be encoded: {message}")
            }
            Self::Decode { message } => {
                write!(f, "the task or its value cannot be decoded: {message}")
            }
            Self::Unregistered { message } => f.write_str(message),
        }
    }
}

impl TaskError {
    /// Returns the [`Failed`](Self::Failed) error of a task that ended with `error`.
    ///
    /// ```
    /// use concurrent_futures::TaskError;
    ///
    /// let error = TaskError::failed("no such flag");
    /// assert_eq!(error.to_string(), "the task failed: no such flag");
    /// let TaskError::Failed(failure) = error else { unreachable!() };
    /// assert_eq!(failure.to_string(), "no such flag");
    /// ```
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(SharedError::new(error))
    }

    /// Returns the [`Panicked`](Self::Panicked) error of a task that panicked with `message` where it cannot be caught,
    /// such as in another process. Where it can, see [`catch_panic`](Self::catch_panic).
    ///
    /// ```
    /// use concurrent_futures::TaskError;
    ///
    /// let error = TaskError::panicked("no such flag");
    /// assert_eq!(error.to_string(), "the task panicked: no such flag");
    /// ```
    pub fn panicked(message: impl Into<String>) -> Self {
        Self::Panicked {
            message: message.into(),
            backtrace: None,
        }
    }

    /// Returns the [`Encode`](Self::Encode) error of a task that cannot be encoded because of `message`.
    ///
    /// ```
    /// use concurrent_futures::TaskError;
    ///
    /// let error = TaskError::encode("too long");
    /// assert_eq!(error.to_string(), "the task or its value cannot be encoded: too long");
    /// ```
    pub fn encode(message: impl Into<String>) -> Self {
        Self::Encode {
            message: message.into(),
        }
    }

    /// Returns the [`Decode`](Self::Decode) error of a task that cannot be decoded because of `message`.
    ///
    /// ```
    /// use concurrent_futures::TaskError;
    ///
    /// let error = TaskError::decode("cut off");
    /// assert_eq!(error.to_string(), "the task or its value cannot be decoded: cut off");
    /// ```
    pub fn decode(message: impl Into<String>) -> Self {
        Self::Decode {
            message: message.into(),
        }
    }
}

/// The error of a task that ran elsewhere, for executors that send their tasks away.
///
/// ```
/// use concurrent_futures::{RemoteError, RemoteErrorKind, TaskError};
///
/// let error = TaskError::from(RemoteError::new(RemoteErrorKind::Panicked, "no such flag"));
/// assert_eq!(error, TaskError::panicked("no such flag"));
/// ```
#[cfg(feature = "processes")]
impl From<RemoteError> for TaskError {
    fn from(error: RemoteError) -> Self {
        let message = error.to_string();
        match error.kind {
            RemoteErrorKind::Panicked => Self::panicked(message),
            RemoteErrorKind::Encode => Self::encode(message),
            RemoteErrorKind::Decode => Self::decode(message),
            RemoteErrorKind::Unregistered => Self::Unregistered { message },
            _ => Self::failed(error),
        }
    }
}

/// The error of a failed task, shared by all handles of its future.
///
/// Dereferences to the error itself, so `failure.downcast_ref::<io::Error>()` recovers its type. Two are equal when
/// they are the same failure, not when their messages are equal.
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
    /// Wraps `error`, which may also be a string.
    ///
    /// ```
    /// assert_eq!(concurrent_futures::SharedError::new("too late").to_string(), "too late");
    /// ```
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

// `SharedError` does not implement `Error`: in a chain of sources it would hide the error inside.
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

/// The reason why a task did not finish, or why an executor accepts no more tasks.
///
/// ```
/// use concurrent_futures::{BrokenError, SubmitError, TaskError, ThreadPoolExecutor};
///
/// let builder = ThreadPoolExecutor::builder().try_initializer(|| Err("no licence"));
/// let executor = builder.build()?;
/// let future = executor.submit(|| 42)?;
/// let Err(TaskError::Broken(broken)) = future.result() else { unreachable!() };
/// assert!(matches!(broken, BrokenError::Initializer { message, .. } if message == "no licence"));
/// assert!(matches!(executor.submit(|| 42), Err(SubmitError::Broken(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenError {
    /// The initializer of a worker failed. The pool then trusts none of its workers.
    #[error("the pool's initializer failed: {message}")]
    #[non_exhaustive]
    Initializer {
        /// The message of its error or its panic.
        message: String,
    },
    /// The task was dropped, while it was queued or while it ran.
    #[error("the task was dropped")]
    Abandoned,
    /// A worker process was killed or exited.
    #[error("the worker process {pid} ended{}", exit_status(status.as_ref()))]
    #[non_exhaustive]
    Worker {
        /// The process id of the worker.
        pid: u32,
        /// The exit status of the worker. `None` if the system did not keep it, because this program ignores the signal
        /// `SIGCHLD` or has waited for the worker itself.
        status: Option<ExitStatus>,
    },
    /// A worker process sent something other than the replies to its tasks. The pool then trusts none of its workers.
    #[error("the worker process {pid} broke the protocol: {message}")]
    #[non_exhaustive]
    Protocol {
        /// The process id of the worker.
        pid: u32,
        /// What the worker sent.
        message: String,
    },
    /// No worker process is running, and none could be started.
    #[error("no worker process could be started: {message}")]
    #[non_exhaustive]
    NoWorker {
        /// The reason.
        message: String,
    },
}

impl BrokenError {
    /// Returns the [`Initializer`](Self::Initializer) error of a pool whose initializer failed with `message`.
    ///
    /// ```
    /// let broken = concurrent_futures::BrokenError::initializer("no licence");
    /// assert_eq!(broken.to_string(), "the pool's initializer failed: no licence");
    /// ```
    pub fn initializer(message: impl Into<String>) -> Self {
        Self::Initializer {
            message: message.into(),
        }
    }

    /// Returns the [`Worker`](Self::Worker) error of a worker process that ended with `status`, if that is known.
    ///
    /// ```
    /// use std::process::ExitStatus;
    /// use concurrent_futures::BrokenError;
    ///
    /// let broken = BrokenError::worker(4711, Some(ExitStatus::default()));
    /// assert!(broken.to_string().starts_with("the worker process 4711 ended"));
    /// ```
    pub fn worker(pid: u32, status: Option<ExitStatus>) -> Self {
        Self::Worker { pid, status }
    }

    /// Returns the [`NoWorker`](Self::NoWorker) error of a pool that cannot start a worker because of `message`.
    ///
    /// ```
    /// let broken = concurrent_futures::BrokenError::no_worker("no memory");
    /// assert_eq!(broken.to_string(), "no worker process could be started: no memory");
    /// ```
    pub fn no_worker(message: impl Into<String>) -> Self {
        Self::NoWorker {
            message: message.into(),
        }
    }
}

/// Returns the end of the message about a worker that ended.
fn exit_status(status: Option<&ExitStatus>) -> String {
    status.map_or_else(
        || " with an unknown exit status".to_owned(),
        |status| format!(": {status}"),
    )
}

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

/// The error of a wait whose timeout passed before the future was done. The task continues.
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

/// The reason why a `map` ends early.
///
/// ```
/// use concurrent_futures::{MapError, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(1)?;
/// let mut results = executor.map_fn(|n: i32| assert_ne!(n, 1, "no flag"), [1, 2])?;
/// let error = results.next().unwrap().unwrap_err();
/// assert!(matches!(&error, MapError::Task(_)));
/// assert!(error.to_string().starts_with("the task panicked"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The next call in input order has no value.
    #[error(transparent)]
    Task(TaskError),
    /// The next result in input order was not ready within the timeout.
    #[error("timed out waiting for a result of the map")]
    TimedOut,
    /// A buffered map could not submit its next task.
    #[error("the map could not submit its next task: {0}")]
    Submit(SubmitError),
}

/// The error of an [`as_completed`](crate::as_completed()) whose timeout has passed.
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
    /// The number of futures that are not done.
    pub unfinished: usize,
    /// The number of futures in all.
    pub total: usize,
}
