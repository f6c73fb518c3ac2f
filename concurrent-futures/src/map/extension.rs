//! `map` for every executor, also for those that other crates write.

use crate::error::SubmitError;
use crate::executor::Executor;
use crate::map::options::MapOptions;
use crate::map::ordered::Map;
use crate::task::Task;

/// What every executor can do because it is an [`Executor`], also one behind `dyn`.
pub trait ExecutorExt<K: Task>: Executor<K> {
    /// Queues all `tasks` at once; the iterator gives their results in the same order.
    ///
    /// See [`Map`] for what happens when one fails, when time is up, and when the iterator is dropped.
    ///
    /// ```
    /// # use concurrent_futures::{Task, ThreadPoolExecutor};
    /// use concurrent_futures::{Executor, ExecutorExt};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    ///
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// let squares: Vec<u64> = executor.map((1..=3).map(Square))?.collect::<Result<_, _>>()?;
    /// assert_eq!(squares, [1, 4, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Executor::submit`]; what has been queued before still runs.
    fn map<I>(&self, tasks: I) -> Result<Map<'static, K::Output>, SubmitError>
    where
        I: IntoIterator<Item = K>,
    {
        Map::of_all(1, tasks, self)
    }

    /// As [`map`](Self::map), in chunks or with a buffer as `options` say.
    ///
    /// ```
    /// # use concurrent_futures::{Task, ThreadPoolExecutor};
    /// use concurrent_futures::{Executor, ExecutorExt, MapOptions};
    /// # struct Square(u64);
    /// # impl Task for Square {
    /// #     type Output = u64;
    /// #     const NAME: &'static str = "square";
    /// #     fn run(self) -> u64 { self.0 * self.0 }
    /// # }
    ///
    /// let executor: Box<dyn Executor<Square>> = Box::new(ThreadPoolExecutor::new(2)?);
    /// let endless = (1..).map(Square);
    /// let squares = executor.map_with(MapOptions::new().buffered(4), endless)?;
    /// let first: Vec<u64> = squares.take(3).collect::<Result<_, _>>()?;
    /// assert_eq!(first, [1, 4, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Executor::submit`], and [`SubmitError::InvalidMapOptions`] when `options` leave no room.
    fn map_with<'a, I>(
        &'a self,
        options: MapOptions,
        tasks: I,
    ) -> Result<Map<'a, K::Output>, SubmitError>
    where
        I: IntoIterator<Item = K>,
        I::IntoIter: Send + 'a,
        K: 'a,
    {
        Map::with(options, tasks, self)
    }
}

impl<K: Task, E: Executor<K> + ?Sized> ExecutorExt<K> for E {}
