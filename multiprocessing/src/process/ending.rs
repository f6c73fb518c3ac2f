//! How a process ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use portable_task::{RemoteError, RemoteErrorKind};

use crate::child::Refusal;

/// The reason why a process has no value.
///
/// ```standalone_crate
/// use multiprocessing::{Process, ProcessError, Registry, serve, task};
///
/// fn exit(code: i32) {
///     std::process::exit(code)
/// }
///
/// task!(Exit = fn exit(code: i32));
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Exit>());
///
///     let error = Process::spawn(Exit(3))?.into_result().unwrap_err();
///     assert_eq!(error, ProcessError::Exited(3));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The task panicked. Holds the message.
    #[error("the task panicked: {0}")]
    Panicked(String),
    /// The process called `exit` in the middle of the task. Holds the exit code.
    #[error("the process exited with code {0} before the task had returned")]
    Exited(i32),
    /// A signal ended the process: another process sent it, or the task aborted or crashed. Holds the number of the signal.
    #[error("the process was ended by signal {0}")]
    Signaled(i32),
    /// The process ended before the task had returned, and the system did not keep its exit status.
    #[error("the process ended before the task had returned")]
    Ended,
    /// The task could not be decoded in the process, or its value could not be encoded or decoded.
    #[error("the task or its value cannot be sent: {0}")]
    Codec(RemoteError),
    /// The program that was started does not have the task, or has it in another version.
    #[error("{0}")]
    Unregistered(String),
    /// What the process sent is not the reply to its task, because the task wrote to the connection.
    #[error("the process broke the protocol: {0}")]
    Protocol(String),
    /// The program that was started is another one, or has a task in another version.
    #[error("the program that was started {0}")]
    Refused(Refusal),
}

impl ProcessError {
    /// Returns the error of a process that ended without a reply.
    pub(super) fn of_status(status: Option<ExitStatus>) -> Self {
        let Some(status) = status else {
            return Self::Ended;
        };
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Signaled(signal),
            (None, None) => Self::Ended,
        }
    }
}

impl ProcessError {
    /// Returns the error of a process that replied with one.
    pub(super) fn of_reply(error: RemoteError) -> Self {
        match error.kind {
            RemoteErrorKind::Panicked => Self::Panicked(error.message),
            RemoteErrorKind::Unregistered => Self::Unregistered(error.message),
            _ => Self::Codec(error),
        }
    }
}
