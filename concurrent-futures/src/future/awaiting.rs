//! Awaits a future, on any runtime: the thread that settles the future wakes the awaiting task.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crate::error::TaskError;
use crate::future::handle::Future;
use crate::future::observer::Observer;

/// The awaitable of `(&future).await`, which returns a reference to the outcome.
///
/// Dropping it stops the wait, not the task.
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
    id: Option<usize>,
}

impl<'a, T> IntoFuture for &'a Future<T> {
    type Output = Result<&'a T, &'a TaskError>;
    type IntoFuture = ResultFuture<'a, T>;

    fn into_future(self) -> ResultFuture<'a, T> {
        ResultFuture {
            future: self,
            id: None,
        }
    }
}

impl<'a, T> std::future::Future for ResultFuture<'a, T> {
    type Output = Result<&'a T, &'a TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future;
        if poll_done(future, &mut self.id, context) {
            Poll::Ready(future.result())
        } else {
            Poll::Pending
        }
    }
}

impl<T> Drop for ResultFuture<'_, T> {
    fn drop(&mut self) {
        remove_waker(self.future, self.id);
    }
}

/// The awaitable that [`Future::into_result_async`] returns.
///
/// Dropping it stops the wait, not the task.
///
/// ```
/// use concurrent_futures::{Future, IntoResultFuture, TaskError};
///
/// struct Connection; // cannot be cloned
///
/// async fn connected(wait: IntoResultFuture<Connection>) -> Result<Connection, TaskError> {
///     wait.await.unwrap_or_else(|_| unreachable!("there is one handle"))
/// }
/// # let (_promise, future) = Future::pair();
/// # drop(connected(future.into_result_async()));
/// ```
#[derive(Debug)]
#[must_use = "nothing happens unless it is awaited"]
pub struct IntoResultFuture<T> {
    /// `None` once the value has been taken.
    future: Option<Future<T>>,
    id: Option<usize>,
}

impl<T> Future<T> {
    /// Same as [`into_result`](Self::into_result), but awaits the task instead of blocking the thread, on any runtime.
    ///
    /// `future.await` does without the outer `Result`, but clones the value if there are other handles, and so needs
    /// `T: Clone`.
    ///
    /// ```
    /// use concurrent_futures::{Future, TaskError};
    ///
    /// struct Connection; // cannot be cloned
    ///
    /// async fn connected(future: Future<Connection>) -> Result<Connection, TaskError> {
    ///     future.into_result_async().await.unwrap_or_else(|_| unreachable!("there is one handle"))
    /// }
    /// ```
    ///
    /// # Errors
    /// The awaited result is the future itself if there are other handles and the task has a value. The inner result is
    /// that of [`result`](Self::result).
    pub fn into_result_async(self) -> IntoResultFuture<T> {
        IntoResultFuture {
            future: Some(self),
            id: None,
        }
    }
}

impl<T> std::future::Future for IntoResultFuture<T> {
    type Output = Result<Result<T, TaskError>, Future<T>>;

    /// # Panics
    /// If it is polled again after it returned `Ready`.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, id } = &mut *self;
        let waiting = future.as_ref().expect("polled after completion");
        if !poll_done(waiting, id, context) {
            return Poll::Pending;
        }
        let done = future.take().expect("present: checked above");
        Poll::Ready(done.into_result())
    }
}

impl<T> Drop for IntoResultFuture<T> {
    fn drop(&mut self) {
        if let Some(future) = &self.future {
            remove_waker(future, self.id);
        }
    }
}

/// The awaitable of `future.await`, which takes the value out of the future, or clones it if there are other handles.
///
/// Dropping it stops the wait, not the task.
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
    awaited: IntoResultFuture<T>,
}

impl<T: Clone> IntoFuture for Future<T> {
    type Output = Result<T, TaskError>;
    type IntoFuture = OwnedResultFuture<T>;

    fn into_future(self) -> OwnedResultFuture<T> {
        OwnedResultFuture {
            awaited: self.into_result_async(),
        }
    }
}

impl<T: Clone> std::future::Future for OwnedResultFuture<T> {
    type Output = Result<T, TaskError>;

    /// # Panics
    /// If it is polled again after it returned `Ready`.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.awaited).poll(context).map(|taken| {
            let cloned = |shared: Future<T>| shared.result().cloned().map_err(Clone::clone);
            taken.unwrap_or_else(cloned)
        })
    }
}

/// Returns whether `future` is done. If not, registers the waker of `context`, which is woken when the future is
/// settled.
fn poll_done<T>(future: &Future<T>, id: &mut Option<usize>, context: &Context<'_>) -> bool {
    if future.done() {
        return true;
    }
    let id = *id.get_or_insert_with(|| NEXT_ID.fetch_add(1, Ordering::Relaxed));
    let waker = Observer::Waker(id, context.waker().clone());
    let registered = future.state().observe_or_replace(waker, |o| o.is_waker(id));
    registered.is_err()
}

/// The id of the next awaiting task.
static NEXT_ID: AtomicUsize = AtomicUsize::new(0);

/// Removes the waker with this id from `future`.
fn remove_waker<T>(future: &Future<T>, id: Option<usize>) {
    if let Some(id) = id
        && !future.done()
    {
        future
            .state()
            .remove_observers(|observer| observer.is_waker(id));
    }
}
