//! Yields many futures in order of completion.
//!
//! Each future enters one shared queue when it is settled, so no wake-up can be lost. A future that has been yielded is
//! no longer held here.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;

use crate::error::UnfinishedError;
use crate::future::{Future, Observer, Queue, Shared};
use crate::sync::deadline_in;

/// Returns an iterator over `futures` in order of completion. Futures that are already done come first, in the order
/// given. A future given twice is yielded once.
///
/// `next` blocks until another future is done. With [`timeout`](AsCompleted::timeout) it blocks no longer than that for
/// all futures together. The iterator does not keep the futures that it has yielded.
///
/// ```
/// use concurrent_futures::{ThreadPoolExecutor, as_completed};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let futures: Vec<_> =
///     (1..=3).map(|n| executor.submit(move || n * n)).collect::<Result<_, _>>()?;
/// let mut squares: Vec<_> =
///     as_completed(futures).filter_map(|future| future.result().ok().copied()).collect();
/// squares.sort();
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    let mut seen = HashSet::new();
    // All futures are kept until the last one has been checked: the address of a dropped future may be reused by
    // another.
    let (ready, unfinished): (Vec<_>, Vec<_>) = futures
        .into_iter()
        .filter(|future| seen.insert(future.address()))
        .map(Future::into_shared)
        .partition(|future| future.state().is_settled());
    let mut ready = VecDeque::from(ready);
    let queue = Arc::new(Queue::new());
    for future in unfinished {
        let observer = Observer::Queue(Arc::clone(&queue));
        if future.state().observe(observer).is_err() {
            ready.push_back(future);
        }
    }
    AsCompleted {
        queue,
        ready,
        left: seen.len(),
        total: seen.len(),
    }
}

/// An iterator over futures in order of completion; see [`as_completed`].
///
/// ```
/// use concurrent_futures::{Future, as_completed};
///
/// let (promise, future) = Future::pair();
/// let mut done = as_completed([future]);
/// promise.set(Ok(42));
/// assert_eq!(done.len(), 1);
/// assert_eq!(done.next().unwrap().result(), Ok(&42));
/// assert!(done.next().is_none());
/// ```
pub struct AsCompleted<T> {
    queue: Arc<Queue<Shared<T>>>,
    /// Futures taken from the queue but not yet yielded. All are taken at once, so that the queue is locked rarely.
    ready: VecDeque<Shared<T>>,
    /// The number of futures not yet yielded.
    left: usize,
    total: usize,
}

impl<T> AsCompleted<T> {
    /// Limits the whole iteration to `timeout` from now. The iterator yields the futures that are done by then and, if
    /// any are left, one [`UnfinishedError`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures::{Future, as_completed};
    ///
    /// let (promise, future) = Future::<i32>::pair();
    /// let mut done = as_completed([future]).timeout(Duration::ZERO);
    /// let error = done.next().unwrap().unwrap_err();
    /// assert_eq!(error.to_string(), "1 (of 1) futures unfinished");
    /// assert!(done.next().is_none());
    /// # drop(promise);
    /// ```
    pub fn timeout(self, timeout: Duration) -> AsCompletedWithin<T> {
        AsCompletedWithin {
            futures: self,
            deadline: deadline_in(timeout),
            ended: false,
        }
    }

    /// Returns a stream of the same futures, for a program that awaits them instead of blocking a thread.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::pin::Pin;
    /// use concurrent_futures::{Future, as_completed};
    /// use futures_core::Stream;
    ///
    /// async fn sum(futures: Vec<Future<i32>>) -> i32 {
    ///     let mut done = as_completed(futures).into_stream();
    ///     let mut sum = 0;
    ///     // With the `futures` or `tokio-stream` crate: `while let Some(future) = done.next().await`.
    ///     while let Some(future) = poll_fn(|context| Pin::new(&mut done).poll_next(context)).await {
    ///         sum += future.result().copied().unwrap_or_default();
    ///     }
    ///     sum
    /// }
    /// ```
    pub fn into_stream(self) -> AsCompletedStream<T> {
        AsCompletedStream { futures: self }
    }

    /// Returns the next future, or `None` if there are no more or none is done by `deadline`.
    fn next_until(&mut self, deadline: Option<Instant>) -> Option<Future<T>> {
        if self.left == 0 {
            return None;
        }
        if self.ready.is_empty() {
            self.ready = self.queue.take(deadline);
        }
        self.next_ready()
    }

    fn next_ready(&mut self) -> Option<Future<T>> {
        let next = self.ready.pop_front()?;
        self.left -= 1;
        Some(Future::from_shared(next))
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        self.next_until(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
impl<T> FusedIterator for AsCompleted<T> {}

impl<T> Drop for AsCompleted<T> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} of {} left)", self.left, self.total)
    }
}

/// An iterator over futures in order of completion, until a deadline; see [`AsCompleted::timeout`].
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures::{Future, UnfinishedError, as_completed};
///
/// let (promise, future) = Future::pair();
/// promise.set(Ok(42));
/// for done in as_completed([future]).timeout(Duration::from_secs(60)) {
///     assert_eq!(done?.result(), Ok(&42));
/// }
/// # Ok::<(), UnfinishedError>(())
/// ```
#[derive(Debug)]
pub struct AsCompletedWithin<T> {
    futures: AsCompleted<T>,
    deadline: Option<Instant>,
    ended: bool,
}

impl<T> Iterator for AsCompletedWithin<T> {
    type Item = Result<Future<T>, UnfinishedError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.futures.next_until(self.deadline);
        self.ended = next.is_none();
        match next {
            Some(future) => Some(Ok(future)),
            None if self.futures.left == 0 => None,
            None => Some(Err(UnfinishedError {
                unfinished: self.futures.left,
                total: self.futures.total,
            })),
        }
    }
}

impl<T> FusedIterator for AsCompletedWithin<T> {}

/// A stream of futures in order of completion; see [`AsCompleted::into_stream`].
///
/// It yields the futures that [`as_completed`] yields, in the same order, and does not keep them. The thread that
/// settles the next future wakes the task that awaits it, on any runtime. Dropping the stream does not stop the tasks
/// of its futures. To limit the wait, use the timeout of the runtime.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll, Waker};
/// use concurrent_futures::{Future, as_completed};
/// use futures_core::Stream;
///
/// let (promise, future) = Future::pair();
/// let mut done = as_completed([future.clone()]).into_stream();
/// let mut context = Context::from_waker(Waker::noop());
/// assert!(Pin::new(&mut done).poll_next(&mut context).is_pending());
/// promise.set(Ok(42));
/// assert_eq!(Pin::new(&mut done).poll_next(&mut context), Poll::Ready(Some(future)));
/// assert_eq!(Pin::new(&mut done).poll_next(&mut context), Poll::Ready(None));
/// ```
#[derive(Debug)]
#[must_use = "nothing is yielded unless it is polled"]
pub struct AsCompletedStream<T> {
    futures: AsCompleted<T>,
}

impl<T> Stream for AsCompletedStream<T> {
    type Item = Future<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Future<T>>> {
        let futures = &mut self.get_mut().futures;
        if futures.left == 0 {
            return Poll::Ready(None);
        }
        if futures.ready.is_empty() {
            futures.ready = futures.queue.take_or_wake(context.waker());
        }
        match futures.next_ready() {
            Some(future) => Poll::Ready(Some(future)),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.futures.size_hint()
    }
}
