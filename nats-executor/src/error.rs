//! Why a connection cannot be made, or a worker cannot run.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use async_nats::ConnectErrorKind;

/// The reason why an executor or a worker cannot connect to its pool.
///
/// ```
/// use nats_executor::{ConnectError, NatsExecutor, NatsOptions};
///
/// let error = NatsExecutor::connect("nats://127.0.0.1:1", NatsOptions::new()).unwrap_err();
/// assert!(matches!(error, ConnectError::Unreachable { .. }));
/// assert!(error.to_string().starts_with("cannot connect to nats://127.0.0.1:1: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none of a NATS server. Passwords are removed from it.
    #[error("'{url}' is not the URL of a NATS server, such as nats://host:4222: {message}")]
    #[non_exhaustive]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// The name of the pool cannot be part of a subject.
    #[error("'{0}' cannot be the name of a pool: use up to 32 letters, digits, - and _")]
    PoolName(String),
    /// A file with credentials or certificates cannot be read.
    #[error("cannot read '{}': {source}", path.display())]
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The server does not accept the credentials.
    #[error("{url} does not accept the credentials: {message}")]
    #[non_exhaustive]
    Unauthorized {
        /// The URL.
        url: String,
        /// The message of the server.
        message: String,
    },
    /// There is no connection to the server.
    #[error("cannot connect to {url}: {message}")]
    #[non_exhaustive]
    Unreachable {
        /// The URL.
        url: String,
        /// The reason.
        message: String,
    },
    /// The server cannot store the tasks of the pool.
    #[error(
        "{url} cannot store tasks: {message}; does it run with -js, and may this account use JetStream?"
    )]
    #[non_exhaustive]
    JetStream {
        /// The URL.
        url: String,
        /// The reason.
        message: String,
    },
    /// There is no such pool.
    #[error("{url} has no pool '{pool}': {message}")]
    #[non_exhaustive]
    NoPool {
        /// The URL.
        url: String,
        /// The name of the pool.
        pool: String,
        /// The answer of the server.
        message: String,
    },
    /// The system has no random numbers for the name of an executor.
    #[error("cannot get random numbers for the name of the executor: {0}")]
    Random(io::Error),
    /// A thread cannot be started.
    #[error("cannot start a thread for the connection: {0}")]
    Thread(io::Error),
}

/// The reason why a worker cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// It cannot connect.
    #[error(transparent)]
    Connect(ConnectError),
    /// It cannot start a thread, or watch for signals.
    #[error("cannot start the worker: {0}")]
    System(io::Error),
    /// It is to have 0 threads. Such a worker would never run a task.
    #[error("a worker must have at least 1 thread")]
    NoThreads,
}

impl ConnectError {
    /// Returns the error for one of the library.
    pub(crate) fn of(url: &str, error: &async_nats::ConnectError) -> Self {
        let url = url.to_owned();
        let message = chain(error);
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                Self::Unauthorized { url, message }
            }
            ConnectErrorKind::ServerParse => Self::Url { url, message },
            _ => Self::Unreachable { url, message },
        }
    }

    /// Returns the error of a server that does not do what a pool needs.
    pub(crate) fn jetstream(url: &str, error: &dyn Error) -> Self {
        Self::JetStream {
            url: url.to_owned(),
            message: chain(error),
        }
    }
}

/// Returns the message with those of all sources. A source that the message before it ends with is not repeated.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_repeats_no_message() {
        let inner = io::Error::other("no such host");
        let outer = ConnectError::Thread(io::Error::other(inner));
        let text = chain(&outer);
        assert_eq!(
            text,
            "cannot start a thread for the connection: no such host"
        );
    }
}
