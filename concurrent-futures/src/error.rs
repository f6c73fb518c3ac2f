//! Why a task has no value, why a task was not taken, and why there is no pool. One enum each: who waits for a result,
//! who submits and who builds a pool decide different things.

use std::any::Any;
use std::io;

/// Why a task has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked; the pool lives on.
    #[error("the task panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// It was cancelled before it began.
    #[error("the task was cancelled")]
    Cancelled,
    /// Whoever should have run it is gone.
    #[error("the task was never run")]
    Broken(#[source] Broken),
}

/// What broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// A worker could not be set up, so none of the workers is trusted any more.
    #[error("the pool's initializer panicked: {message}")]
    Initializer {
        /// What the panic said.
        message: String,
    },
    /// The task was thrown away with the pool's queue.
    #[error("the pool ended before the task's turn came")]
    Abandoned,
}

/// Why an executor did not take a task.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// It has been shut down.
    #[error("no new tasks after shutdown")]
    ShutDown,
    /// It is broken.
    #[error("the pool is broken")]
    Broken(#[source] Broken),
    /// It has no worker yet, and the system gives it no thread.
    #[error("no thread for the first worker")]
    NoThread(#[source] io::Error),
}

/// Why a pool cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A pool without workers would never run anything.
    #[error("max_workers must be at least 1")]
    NoWorkers,
}

/// The words of a panic; most are a string of either kind.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message.clone()
    } else {
        "a panic without a message".to_owned()
    }
}
