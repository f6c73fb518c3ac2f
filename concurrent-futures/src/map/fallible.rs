//! A map of calls that return a `Result`: an `Err` ends it, as a panic does.

use std::iter::FusedIterator;

use crate::error::{MapError, TaskError};
use crate::map::ordered::Map;
use crate::task::Fallible;

/// An iterator over the values of calls that may fail; see [`Map::fallible`].
///
/// Blocks, ends and cancels as [`Map`] does.
///
/// ```
/// use concurrent_futures::{MapError, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let numbers = executor.map_fn(str::parse::<i32>, ["1", "2", "3"])?.fallible();
/// let sum: i32 = numbers.sum::<Result<i32, MapError>>()?;
/// assert_eq!(sum, 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the calls run anyway, but their results are lost"]
pub struct FallibleMap<'a, T> {
    map: Map<'a, T>,
}

impl<'a, T> Map<'a, T> {
    /// Returns an iterator over the values of calls that return a [`Result`]. An `Err` of such a call counts as its
    /// failure: it is yielded as [`MapError::Task`] and ends the map.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let executor = ThreadPoolExecutor::new(2)?;
    /// let mut numbers = executor.map_fn(str::parse::<i32>, ["1", "two", "3"])?.fallible();
    /// assert_eq!(numbers.next().unwrap()?, 1);
    /// assert!(numbers.next().unwrap().is_err());
    /// assert!(numbers.next().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fallible(self) -> FallibleMap<'a, T>
    where
        T: Fallible,
    {
        FallibleMap { map: self }
    }
}

impl<T: Fallible> Iterator for FallibleMap<'_, T> {
    type Item = Result<T::Value, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        let outcome = self.map.next()?;
        Some(outcome.and_then(|value| {
            value.into_value().map_err(|error| {
                self.map.stop();
                MapError::Task(TaskError::failed(error))
            })
        }))
    }
}

impl<T: Fallible> FusedIterator for FallibleMap<'_, T> {}
