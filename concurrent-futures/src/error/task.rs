//! Why a task has no value.

use std::error::Error;
use std::fmt;

#[cfg(feature = "processes")]
use portable_task::{RemoteError, RemoteErrorKind};

use super::broken::BrokenError;
use super::distance::DistanceError;
use super::shared::SharedError;

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
    /// The task was sent to another machine, or cannot be sent there. The executor continues.
    Distance(DistanceError),
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
            | Self::Unregistered { .. }
            | Self::Distance(_) => None,
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
            Self::Distance(distance) => distance.fmt(f),
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

impl From<DistanceError> for TaskError {
    fn from(error: DistanceError) -> Self {
        Self::Distance(error)
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
