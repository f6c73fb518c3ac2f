//! Why an executor is broken.

use std::process::ExitStatus;

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
