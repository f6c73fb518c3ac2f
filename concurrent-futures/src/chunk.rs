//! Several tasks that a worker runs as one.

use crate::error::TaskError;
use crate::panics::call;
use crate::task::Task;

/// The values of a chunk of tasks, up to the first task that has none.
///
/// ```
/// use concurrent_futures::Chunk;
///
/// let chunk = Chunk::run([1, 0, 2].map(|n| move || 10 / n));
/// assert_eq!(chunk.values, [10]);
/// assert!(chunk.error.is_some(), "the second divides by zero, the third does not run");
/// ```
#[derive(Debug)]
pub struct Chunk<T> {
    /// The values of the tasks before the first one that failed, in order.
    pub values: Vec<T>,
    /// The reason why the next task has no value; `None` if all tasks have one.
    pub error: Option<TaskError>,
}

impl<T> Chunk<T> {
    /// Runs `tasks` one after the other in this thread, until one panics. The panic is caught.
    ///
    /// ```
    /// # use concurrent_futures::Chunk;
    /// assert_eq!(Chunk::run([|| 1, || 2]).values, [1, 2]);
    /// ```
    pub fn run<K: Task<Output = T>>(tasks: impl IntoIterator<Item = K>) -> Self {
        let mut values = Vec::new();
        for task in tasks {
            match call(|| task.run()) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let error = Some(error);
                    return Self { values, error };
                }
            }
        }
        Self {
            values,
            error: None,
        }
    }
}

#[cfg(feature = "processes")]
impl<T> From<portable_task::ChunkReply<T>> for Chunk<T> {
    fn from(reply: portable_task::ChunkReply<T>) -> Self {
        Self {
            values: reply.values,
            error: reply.error.map(TaskError::from),
        }
    }
}
