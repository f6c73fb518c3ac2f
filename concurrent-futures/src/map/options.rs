//! The settings of a map: tasks are submitted one by one or in chunks, all at once or through a buffer.

/// The settings that control how a map submits its tasks.
///
/// ```
/// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// // The input is endless; at most 4 * 100 of its items are in progress at any time.
/// let options = MapOptions::new().chunks(100).buffered(4);
/// let squares = executor.map_fn_with(options, |n| n * n, 1u64..)?;
/// let over_a_million = squares.map(|n| n.unwrap()).find(|&n| n > 1_000_000);
/// assert_eq!(over_a_million, Some(1001 * 1001));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapOptions {
    /// The number of tasks per chunk.
    pub(super) chunk: usize,
    /// The number of chunks whose results may be outstanding; `None` for no limit.
    pub(super) buffer: Option<usize>,
}

impl MapOptions {
    /// Returns the default settings: each task is submitted by itself, and all at once.
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

    /// Sets how many tasks a worker runs as one chunk (default: 1). Chunks pay off when tasks are short and sending one
    /// to a worker is slow. With 0, the call returns
    /// [`SubmitError::InvalidMapOptions`](crate::SubmitError::InvalidMapOptions).
    ///
    /// ```
    /// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(2)?;
    /// let squares = executor.map_fn_with(MapOptions::new().chunks(10), |n| n * n, 0..100)?;
    /// assert_eq!(squares.map(Result::unwrap).last(), Some(99 * 99));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chunks(mut self, size: usize) -> Self {
        self.chunk = size;
        self
    }

    /// Limits how many tasks, or chunks, are submitted whose results have not been yielded (default: no limit). With a
    /// limit an endless input can be mapped. With 0, the call returns
    /// [`SubmitError::InvalidMapOptions`](crate::SubmitError::InvalidMapOptions).
    ///
    /// ```
    /// use concurrent_futures::{MapOptions, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(2)?;
    /// let mut squares = executor.map_fn_with(MapOptions::new().buffered(10), |n| n * n, 0u64..)?;
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
