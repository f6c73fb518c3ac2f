//! Waits for many futures: until the first is done, the first has failed, or all are done.
//!
//! Each future updates one shared tally when it is settled, so no wake-up can be lost. A wait removes its tally from
//! the unfinished futures before it returns: waiting for the first of a thousand, a thousand times, must not leave a
//! million tallies behind.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::error::TaskError;
use crate::future::{Future, Observer, Tally};
use crate::sync::deadline_in;

/// The condition under which [`wait`] returns.
///
/// ```
/// use concurrent_futures::{Future, ReturnWhen, TaskError, wait};
///
/// let (promise, failed) = Future::<i32>::pair();
/// let (_promise, open) = Future::pair();
/// promise.set(Err(TaskError::failed("no such flag")));
/// let waited = wait([failed, open], None, ReturnWhen::FirstException);
/// assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnWhen {
    /// Returns when any future is done, with or without a value.
    FirstCompleted,
    /// Returns when any future has failed; a cancelled future has not failed. If none fails, same as
    /// [`AllCompleted`](Self::AllCompleted).
    FirstException,
    /// Returns when all futures are done.
    AllCompleted,
}

/// The result of [`wait()`]: the futures passed to it, each once and in the order given, in two parts.
///
/// In Python: `DoneAndNotDoneFutures`.
///
/// ```
/// use concurrent_futures::{Future, ReturnWhen, wait};
///
/// let (promise, future) = Future::pair();
/// promise.set(Ok(42));
/// let waited = wait([future.clone()], None, ReturnWhen::AllCompleted);
/// assert_eq!(waited.done, [future]);
/// assert!(waited.not_done.is_empty());
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct WaitResult<T> {
    /// The futures that finished or were cancelled.
    pub done: Vec<Future<T>>,
    /// The futures that are pending or running.
    pub not_done: Vec<Future<T>>,
}

/// Waits until enough of `futures` are done for `return_when`, or until `timeout` has passed.
///
/// A timeout is not an error: [`WaitResult::not_done`] holds the futures that are not done. Without a `timeout` the
/// call blocks until the condition holds. A future given twice counts once. Returns at once if there are no futures.
///
/// ```
/// use concurrent_futures::{ReturnWhen, ThreadPoolExecutor, wait};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let futures: Vec<_> =
///     (1..=3).map(|n| executor.submit(move || n * n)).collect::<Result<_, _>>()?;
/// let waited = wait(futures, None, ReturnWhen::AllCompleted);
/// let squares: Vec<i32> = waited.done.iter().filter_map(|f| f.result().ok().copied()).collect();
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    timeout: Option<Duration>,
    return_when: ReturnWhen,
) -> WaitResult<T> {
    let deadline = timeout.and_then(deadline_in);
    let mut seen = HashSet::new();
    let futures: Vec<_> = futures
        .into_iter()
        .filter(|future| seen.insert(future.address()))
        .collect();

    let tally = Arc::new(Tally::new(futures.len()));
    for future in &futures {
        let observer = Observer::Tally(Arc::clone(&tally));
        if future.state().observe(observer).is_err() {
            tally.count(has_failed(future));
        }
    }
    tally.wait(deadline, |counts| match return_when {
        _ if counts.unsettled == 0 => true,
        ReturnWhen::FirstCompleted => counts.settled > 0,
        ReturnWhen::FirstException => counts.failed > 0,
        ReturnWhen::AllCompleted => false,
    });
    let (done, not_done): (Vec<_>, Vec<_>) = futures.into_iter().partition(Future::done);
    remove_tally(&tally, &not_done);
    WaitResult { done, not_done }
}

fn has_failed<T>(future: &Future<T>) -> bool {
    future
        .error()
        .is_some_and(|error| *error != TaskError::Cancelled)
}

fn remove_tally<T>(tally: &Arc<Tally>, futures: &[Future<T>]) {
    for future in futures {
        future
            .state()
            .remove_observers(|observer| observer.is_tally(tally));
    }
}
