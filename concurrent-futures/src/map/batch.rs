//! The tasks that a map submits together: a single one, or a chunk.

use std::time::Instant;

use crate::chunk::Chunk;
use crate::error::{SubmitError, TaskError, TimeoutError};
use crate::executor::Executor;
use crate::future::Future;
use crate::task::Task;

pub(super) enum Batch<T> {
    Single(Future<T>),
    Chunk(Future<Chunk<T>>),
    /// The executor rejected the batch.
    Refused(SubmitError),
}

impl<T> Batch<T> {
    /// Waits until the batch is done, until `deadline` at most.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Result<(), TimeoutError> {
        let done = match self {
            Self::Single(future) => future.state().wait(deadline).is_some(),
            Self::Chunk(future) => future.state().wait(deadline).is_some(),
            Self::Refused(_) => true,
        };
        if done { Ok(()) } else { Err(TimeoutError) }
    }

    pub(super) fn cancel(self) {
        match self {
            Self::Single(future) => drop(future.cancel()),
            Self::Chunk(future) => drop(future.cancel()),
            Self::Refused(_) => (),
        }
    }
}

/// Returns the outcome of a future that has no other handle.
///
/// # Panics
/// If it has one. An executor must not keep a handle.
pub(super) fn outcome<T>(future: Future<T>) -> Result<T, TaskError> {
    let outcome = future.into_result();
    outcome.unwrap_or_else(|_| panic!("the executor has kept a handle of a future of this map"))
}

/// Submits the next `chunk` of `tasks` to `executor`. Returns `None` if there are no more tasks.
pub(super) fn submit_next<K, E>(
    chunk: usize,
    tasks: &mut impl Iterator<Item = K>,
    executor: &E,
) -> Option<Result<Batch<K::Output>, SubmitError>>
where
    K: Task,
    E: Executor<K> + ?Sized,
{
    if chunk == 1 {
        let task = tasks.next()?;
        return Some(executor.submit(task).map(Batch::Single));
    }
    let tasks: Vec<K> = tasks.take(chunk).collect();
    let any = !tasks.is_empty();
    any.then(|| executor.submit_chunk(tasks).map(Batch::Chunk))
}
