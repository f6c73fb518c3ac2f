//! Yields results in input order, independent of the order in which they complete.
//!
//! Without a buffer all tasks are submitted at once; with one, each result that is yielded makes room for the next
//! task. The iterator holds the only handle of each future, so it can take the values out. It keeps none of them.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};
use std::vec;

use crate::error::{MapError, SubmitError, TaskError};
use crate::executor::Executor;
use crate::map::batch::{Batch, outcome, submit_next};
use crate::map::options::MapOptions;
use crate::task::Task;

/// An iterator over the results of a map, in input order.
///
/// `next` blocks until the next result in input order is ready. If that call has no value, it yields the error, cancels
/// the calls that have not started, and ends; the same happens when [`timeout`](Self::timeout) has passed. Dropping the
/// iterator after the first `next` also cancels the calls that have not started; dropping it before the first `next`
/// lets all calls run. The iterator does not keep the results that it has yielded.
///
/// `next` panics if the executor has kept another handle of the next future, which it must not.
///
/// ```
/// use concurrent_futures::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let mut quotients = executor.map_fn(|n| 60 / n, [3, 2, 0, 1])?;
/// assert_eq!(quotients.next().unwrap()?, 20);
/// assert_eq!(quotients.next().unwrap()?, 30);
/// assert!(quotients.next().unwrap().is_err(), "attempt to divide by zero");
/// assert!(quotients.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the calls run anyway, but their results are lost"]
pub struct Map<'a, T> {
    batches: VecDeque<Batch<T>>,
    /// The values of the current chunk that have not been yielded.
    values: vec::IntoIter<T>,
    /// The error that ended the current chunk, if any.
    error: Option<TaskError>,
    /// Submits further batches; `None` when all have been submitted.
    source: Option<Source<'a, T>>,
    started: Instant,
    deadline: Option<Instant>,
    /// Whether `next` has been called.
    advanced: bool,
}

/// A function that submits the next batch. Returns `None` when the input has ended.
type Source<'a, T> = Box<dyn FnMut() -> Option<Result<Batch<T>, SubmitError>> + Send + 'a>;

impl<T> Map<'static, T> {
    pub(crate) fn submit_all<K, E>(
        chunk: usize,
        tasks: impl IntoIterator<Item = K>,
        executor: &E,
    ) -> Result<Self, SubmitError>
    where
        K: Task<Output = T>,
        E: Executor<K> + ?Sized,
    {
        let mut map = Self::empty();
        let mut tasks = tasks.into_iter();
        while let Some(batch) = submit_next(chunk, &mut tasks, executor) {
            map.batches.push_back(batch?);
        }
        Ok(map)
    }
}

impl<'a, T> Map<'a, T> {
    pub(crate) fn submit_with<K, E, I>(
        options: MapOptions,
        tasks: I,
        executor: &'a E,
    ) -> Result<Self, SubmitError>
    where
        K: Task<Output = T> + 'a,
        E: Executor<K> + ?Sized,
        I: IntoIterator<Item = K>,
        I::IntoIter: Send + 'a,
    {
        let MapOptions { chunk, buffer } = options;
        if chunk == 0 || buffer == Some(0) {
            return Err(SubmitError::InvalidMapOptions);
        }
        let Some(buffer) = buffer else {
            return Map::submit_all(chunk, tasks, executor);
        };
        let mut tasks = tasks.into_iter();
        let mut map = Self::empty();
        let mut source = move || submit_next(chunk, &mut tasks, executor);
        while map.batches.len() < buffer {
            match source() {
                Some(batch) => map.batches.push_back(batch?),
                None => return Ok(map),
            }
        }
        map.source = Some(Box::new(source));
        Ok(map)
    }

    fn empty() -> Self {
        Self {
            batches: VecDeque::new(),
            values: Vec::new().into_iter(),
            error: None,
            source: None,
            started: Instant::now(),
            deadline: None,
            advanced: false,
        }
    }

    /// Limits the wait for results to `timeout`, counted from the call of `map`. A result that is not ready by then is
    /// not waited for: `next` yields [`MapError::TimedOut`] and the iterator ends.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// use std::time::Duration;
    /// use concurrent_futures::{MapError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let (go_on, may_go_on) = channel::<()>();
    /// executor.submit(move || may_go_on.recv())?;
    /// let mut late = executor.map_fn(|n| n, [1, 2])?.timeout(Duration::ZERO);
    /// assert!(matches!(late.next(), Some(Err(MapError::TimedOut))));
    /// assert!(late.next().is_none());
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = self.started.checked_add(timeout);
        self
    }

    /// Waits for the next batch in input order and returns it. Submits another one in its place.
    fn next_batch(&mut self) -> Option<Result<Batch<T>, MapError>> {
        if self.batches.front()?.wait(self.deadline).is_err() {
            return Some(Err(MapError::TimedOut));
        }
        let batch = self.batches.pop_front()?;
        match self.source.as_mut().and_then(|source| source()) {
            Some(Ok(next)) => self.batches.push_back(next),
            Some(Err(error)) => {
                self.source = None;
                self.batches.push_back(Batch::Refused(error));
            }
            None => self.source = None,
        }
        Some(Ok(batch))
    }

    /// Submits no more tasks and cancels those that have not started.
    pub(super) fn stop(&mut self) {
        self.source = None;
        self.values = Vec::new().into_iter();
        for batch in self.batches.drain(..) {
            batch.cancel();
        }
    }

    fn fail(&mut self, error: MapError) -> Option<Result<T, MapError>> {
        self.stop();
        Some(Err(error))
    }
}

impl<T> Iterator for Map<'_, T> {
    type Item = Result<T, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advanced = true;
        loop {
            if let Some(value) = self.values.next() {
                return Some(Ok(value));
            }
            if let Some(error) = self.error.take() {
                return self.fail(MapError::Task(error));
            }
            match self.next_batch()? {
                Ok(Batch::Single(future)) => match outcome(future) {
                    Ok(value) => return Some(Ok(value)),
                    Err(error) => return self.fail(MapError::Task(error)),
                },
                Ok(Batch::Chunk(future)) => match outcome(future) {
                    Ok(chunk) => {
                        self.values = chunk.values.into_iter();
                        self.error = chunk.error;
                    }
                    Err(error) => return self.fail(MapError::Task(error)),
                },
                Ok(Batch::Refused(error)) => return self.fail(MapError::Submit(error)),
                Err(error) => return self.fail(error),
            }
        }
    }
}

impl<T> FusedIterator for Map<'_, T> {}

impl<T> Drop for Map<'_, T> {
    fn drop(&mut self) {
        if self.advanced {
            self.stop();
        }
    }
}

impl<T> fmt::Debug for Map<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("batches", &self.batches.len())
            .field("endless", &self.source.is_some())
            .finish_non_exhaustive()
    }
}
