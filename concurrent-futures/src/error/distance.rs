//! Why a task that was sent to another machine has no value.

use std::time::Duration;

/// The reason why a task that was sent to another machine has no value, or cannot be sent. Executors on this machine do not
/// return it.
///
/// ```
/// use concurrent_futures::{DistanceError, TaskError};
///
/// let error = TaskError::from(DistanceError::lost(5, "worker-3 was the last one"));
/// assert_eq!(
///     error.to_string(),
///     "the task was started 5 times and never ended: worker-3 was the last one"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DistanceError {
    /// Each worker that started the task disappeared before its end. The task is not started again.
    #[error("the task was started {starts} times and never ended: {message}")]
    #[non_exhaustive]
    Lost {
        /// How often the task was started.
        starts: u32,
        /// Which worker started it last.
        message: String,
    },
    /// The task had no outcome within the time that the executor allows. It is withdrawn, but may have run.
    #[error("the task had no outcome within {limit:?}")]
    #[non_exhaustive]
    TimedOut {
        /// The time since the task was submitted.
        limit: Duration,
    },
    /// The connection was lost after the task was sent. Whether the task has run, or will run, is unknown.
    #[error("the task may have run, but its outcome is unknown: {message}")]
    #[non_exhaustive]
    MayHaveRun {
        /// The reason.
        message: String,
    },
    /// The task was not sent, because the server cannot be reached. It does not run.
    #[error("the server cannot be reached: {message}")]
    #[non_exhaustive]
    Unreachable {
        /// The reason.
        message: String,
    },
    /// The task or its value is larger than what may be sent.
    #[error("the {what} has {bytes} bytes, and at most {limit} can be sent")]
    #[non_exhaustive]
    TooLarge {
        /// What is too large: `task` or `value`.
        what: &'static str,
        /// The size in bytes.
        bytes: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// The server does not store the task, for example because its store is full. The task does not run.
    #[error("the server does not accept the task: {message}")]
    #[non_exhaustive]
    Refused {
        /// The reason.
        message: String,
    },
}

impl DistanceError {
    /// Returns the [`Lost`](Self::Lost) error of a task that was started this often.
    ///
    /// The type has an example.
    pub fn lost(starts: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Lost { starts, message }
    }

    /// Returns the [`TimedOut`](Self::TimedOut) error of a task that had no outcome within `limit`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures::DistanceError;
    ///
    /// let error = DistanceError::timed_out(Duration::from_secs(60));
    /// assert_eq!(error.to_string(), "the task had no outcome within 60s");
    /// ```
    pub fn timed_out(limit: Duration) -> Self {
        Self::TimedOut { limit }
    }

    /// Returns the [`MayHaveRun`](Self::MayHaveRun) error of a task that was sent.
    ///
    /// ```
    /// let error = concurrent_futures::DistanceError::may_have_run("no connection for 30s");
    /// let text = "the task may have run, but its outcome is unknown: no connection for 30s";
    /// assert_eq!(error.to_string(), text);
    /// ```
    pub fn may_have_run(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::MayHaveRun { message }
    }

    /// Returns the [`Unreachable`](Self::Unreachable) error of a task that was not sent.
    ///
    /// ```
    /// let error = concurrent_futures::DistanceError::unreachable("no connection for 30s");
    /// assert_eq!(error.to_string(), "the server cannot be reached: no connection for 30s");
    /// ```
    pub fn unreachable(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Unreachable { message }
    }

    /// Returns the [`TooLarge`](Self::TooLarge) error of a task or a value with this many bytes.
    ///
    /// ```
    /// let error = concurrent_futures::DistanceError::too_large("task", 2000, 1000);
    /// assert_eq!(error.to_string(), "the task has 2000 bytes, and at most 1000 can be sent");
    /// ```
    pub fn too_large(what: &'static str, bytes: usize, limit: usize) -> Self {
        Self::TooLarge { what, bytes, limit }
    }

    /// Returns the [`Refused`](Self::Refused) error of a task that the server does not store.
    ///
    /// ```
    /// let error = concurrent_futures::DistanceError::refused("maximum messages exceeded");
    /// assert_eq!(error.to_string(), "the server does not accept the task: maximum messages exceeded");
    /// ```
    pub fn refused(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Refused { message }
    }
}
