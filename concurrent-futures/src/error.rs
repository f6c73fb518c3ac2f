//! Why a task has no value, why a task was not taken, and why there is no pool. One enum each: who waits for a result,
//! who submits and who builds a pool decide different things.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a task has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked; the pool lives on.
    #[error("the task panicked: {message}")]
    #[non_exhaustive]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// It was cancelled before it began.
    #[error("the task was cancelled")]
    Cancelled,
    /// Whoever should have run it to its end is gone.
    #[error("the task was not run to its end")]
    Broken(#[source] Broken),
}

/// What broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// A worker could not be set up, so none of the workers is trusted any more.
    #[error("the pool's initializer panicked: {message}")]
    #[non_exhaustive]
    Initializer {
        /// What the panic said.
        message: String,
    },
    /// The task was thrown away, with the pool's queue or halfway.
    #[error("the task was thrown away")]
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
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A pool without workers would never run anything.
    #[error("max_workers must be at least 1")]
    NoWorkers,
    /// No thread can have a name with a NUL in it.
    #[error("a thread's name cannot contain NUL: {0:?}")]
    ThreadName(String),
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

/// Calls what the user wrote where there is nobody to hand a panic to: the panic hook has told of it, and it goes no
/// further. A task, a callback, and whatever they captured or returned may panic, also when dropped, and so may what they
/// panic with.
pub(crate) fn contain(call: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return;
    };
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Dropping it has panicked once; it is not given a second chance.
        std::mem::forget(again);
    }
}
