//! How a map hands in its tasks: one by one or in chunks, all at once or with a buffer.

/// How a map hands in its tasks.
///
/// ```
/// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// // The input never ends; no more than 4 * 100 of it are waiting at any time.
/// let options = MapOptions::new().chunks(100).buffered(4);
/// let squares = executor.map_with(options, |n| n * n, 1u64..)?;
/// let over_a_million = squares.map(|n| n.unwrap()).find(|&n| n > 1_000_000);
/// assert_eq!(over_a_million, Some(1001 * 1001));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapOptions {
    pub(super) chunk: usize,
    pub(super) buffer: Option<usize>,
}

impl MapOptions {
    /// Every task by itself, all at once.
    ///
    /// ```
    /// use concurrent_futures::MapOptions;
    ///
    /// assert_eq!(MapOptions::new(), MapOptions::new().chunks(1));
    /// ```
    pub fn new() -> Self {
        Self {
            chunk: 1,
            buffer: None,
        }
    }

    /// So many tasks go to a worker as one (default: 1). It pays when tasks are short and workers far away.
    ///
    /// ```
    /// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(2)?;
    /// let squares = executor.map_with(MapOptions::new().chunks(10), |n| n * n, 0..100)?;
    /// assert_eq!(squares.map(Result::unwrap).last(), Some(99 * 99));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chunks(mut self, size: usize) -> Self {
        self.chunk = size;
        self
    }

    /// At most so many tasks, or chunks, are queued whose results have not been handed out (default: all). So an input
    /// without an end can be mapped.
    ///
    /// ```
    /// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(2)?;
    /// let mut squares = executor.map_with(MapOptions::new().buffered(10), |n| n * n, 0u64..)?;
    /// assert_eq!(squares.nth(99).unwrap()?, 99 * 99);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn buffered(mut self, size: usize) -> Self {
        self.buffer = Some(size);
        self
    }
}

impl Default for MapOptions {
    fn default() -> Self {
        Self::new()
    }
}
