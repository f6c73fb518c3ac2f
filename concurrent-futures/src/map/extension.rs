//! Adds `map` to every executor, including those of other crates.

use crate::error::SubmitError;
use crate::executor::Executor;
use crate::map::options::MapOptions;
use crate::map::ordered::Map;
use crate::task::Task;

/// Adds `map` to every [`Executor`], including one behind `dyn`.
///
/// It takes tasks, on a pool of threads as on one of processes, so that a program can replace one by the other. To call
/// one function with many inputs on threads, see [`map_fn`](crate::ThreadPoolExecutor::map_fn).
pub trait ExecutorExt<K: Task>: Executor<K> {
    /// Submits all `tasks` at once and returns an iterator over their results, in input order. Does not wait for the
    /// results, but may wait for room in a bounded queue.
    ///
    /// See [`Map`] for what happens when a call fails, when a timeout passes, and when the iterator is dropped.
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
    /// Those of [`Executor::submit`]. Tasks submitted before the error still run.
    fn map<I>(&self, tasks: I) -> Result<Map<'static, K::Output>, SubmitError>
    where
        I: IntoIterator<Item = K>,
    {
        Map::submit_all(1, tasks, self)
    }

    /// Same as [`map`](Self::map), but in chunks or through a buffer, as `options` say.
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
    /// Those of [`Executor::submit`], and [`SubmitError::InvalidMapOptions`] if `options` specify chunks or a buffer of
    /// 0.
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
        Map::submit_with(options, tasks, self)
    }
}

impl<K: Task, E: Executor<K> + ?Sized> ExecutorExt<K> for E {}
