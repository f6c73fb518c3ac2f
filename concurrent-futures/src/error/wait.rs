//! Why a wait ends without a value.

use super::submit::SubmitError;
use super::task::TaskError;

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
