//! Awaiting a future, on any runtime: whoever settles it wakes the task that awaits it.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crate::error::TaskError;
use crate::future::handle::Future;
use crate::future::observer::Observer;

/// The awaitable of `(&future).await`, which lends the outcome.
///
/// ```
/// use concurrent_futures::{Future, TaskError};
///
/// async fn length(future: &Future<String>) -> Result<usize, TaskError> {
///     let text = future.await.map_err(Clone::clone)?;
///     Ok(text.len())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing happens unless it is awaited"]
pub struct ResultFuture<'a, T> {
    future: &'a Future<T>,
    number: Option<usize>,
}

impl<'a, T> IntoFuture for &'a Future<T> {
    type Output = Result<&'a T, &'a TaskError>;
    type IntoFuture = ResultFuture<'a, T>;

    fn into_future(self) -> ResultFuture<'a, T> {
        ResultFuture {
            future: self,
            number: None,
        }
    }
}

impl<'a, T> std::future::Future for ResultFuture<'a, T> {
    type Output = Result<&'a T, &'a TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future;
        if is_done(future, &mut self.number, context) {
            Poll::Ready(future.result())
        } else {
            Poll::Pending
        }
    }
}

impl<T> Drop for ResultFuture<'_, T> {
    fn drop(&mut self) {
        leave(self.future, self.number);
    }
}

/// The awaitable of `future.await`, which takes the value out of the future, or a clone if there are other handles.
///
/// ```
/// use concurrent_futures::{Future, TaskError};
///
/// async fn length(future: Future<String>) -> Result<usize, TaskError> {
///     Ok(future.await?.len())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing happens unless it is awaited"]
pub struct OwnedResultFuture<T> {
    /// None when the value has been taken.
    future: Option<Future<T>>,
    number: Option<usize>,
}

impl<T: Clone> IntoFuture for Future<T> {
    type Output = Result<T, TaskError>;
    type IntoFuture = OwnedResultFuture<T>;

    fn into_future(self) -> OwnedResultFuture<T> {
        OwnedResultFuture {
            future: Some(self),
            number: None,
        }
    }
}

impl<T: Clone> std::future::Future for OwnedResultFuture<T> {
    type Output = Result<T, TaskError>;

    /// # Panics
    /// When it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, number } = &mut *self;
        let waiting = future.as_ref().expect("polled after completion");
        if !is_done(waiting, number, context) {
            return Poll::Pending;
        }
        let done = future.take().expect("present: checked above");
        Poll::Ready(match done.into_result() {
            Ok(outcome) => outcome,
            Err(shared) => shared.result().cloned().map_err(Clone::clone),
        })
    }
}

impl<T> Drop for OwnedResultFuture<T> {
    fn drop(&mut self) {
        if let Some(future) = &self.future {
            leave(future, self.number);
        }
    }
}

/// Whether `future` is done; if not, whoever settles it wakes the task of `context`.
fn is_done<T>(future: &Future<T>, number: &mut Option<usize>, context: &Context<'_>) -> bool {
    if future.done() {
        return true;
    }
    let number = *number.get_or_insert_with(|| NUMBERS.fetch_add(1, Ordering::Relaxed));
    let waker = Observer::Waker(number, context.waker().clone());
    let placed = future
        .state()
        .observe_instead(waker, |o| o.is_waker(number));
    placed.is_err()
}

/// So many have awaited anything.
static NUMBERS: AtomicUsize = AtomicUsize::new(0);

/// Who awaited `future` under this number no longer does.
fn leave<T>(future: &Future<T>, number: Option<usize>) {
    if let Some(number) = number
        && !future.done()
    {
        future.state().forget(|observer| observer.is_waker(number));
    }
}
