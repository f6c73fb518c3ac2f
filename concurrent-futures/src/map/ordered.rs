//! Results in the order of the input, whatever the order in which they come.
//!
//! All is queued at once, unless there is a buffer; then each result that is handed out makes room for the next task. The
//! iterator holds the only handle of each future, so it can take the values out and keeps none.

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

/// Iterator over the results of a map, in the order of the input.
///
/// It waits for the result whose turn it is. At the first one without a value it gives the error, cancels what has not
/// begun, and ends; likewise when [`timeout`](Self::timeout) has passed. Dropped halfway it also cancels what has not
/// begun; dropped before the first `next` it lets everything run. It holds no result that it has handed out.
///
/// ```
/// use concurrent_futures::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let mut quotients = executor.map(|n| 60 / n, [3, 2, 0, 1])?;
/// assert_eq!(quotients.next().unwrap()?, 20);
/// assert_eq!(quotients.next().unwrap()?, 30);
/// assert!(quotients.next().unwrap().is_err(), "attempt to divide by zero");
/// assert!(quotients.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the calls run anyway, but their results are lost"]
pub struct Map<'a, T> {
    batches: VecDeque<Batch<T>>,
    /// What is left of the chunk whose turn it is, and how it ended.
    values: vec::IntoIter<T>,
    error: Option<TaskError>,
    source: Option<Source<'a, T>>,
    started: Instant,
    deadline: Option<Instant>,
    advanced: bool,
}

/// Hands in the next batch; none when the input has ended.
type Source<'a, T> = Box<dyn FnMut() -> Option<Result<Batch<T>, SubmitError>> + Send + 'a>;

impl<T> Map<'static, T> {
    pub(crate) fn of_all<K, E>(
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
    pub(crate) fn with<K, E, I>(
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
            return Map::of_all(chunk, tasks, executor);
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

    /// The same with an end: results that come later than `timeout` after the call of `map` are not waited for.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// use std::time::Duration;
    /// use concurrent_futures::{MapError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let (go_on, may_go_on) = channel::<()>();
    /// executor.submit(move || may_go_on.recv())?;
    /// let mut late = executor.map(|n| n, [1, 2])?.timeout(Duration::ZERO);
    /// assert!(matches!(late.next(), Some(Err(MapError::TimedOut))));
    /// assert!(late.next().is_none());
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = self.started.checked_add(timeout);
        self
    }

    /// The batch whose turn it is, when it is done; another one is handed in for it.
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

    /// Hands in no more and calls off what has not begun.
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
