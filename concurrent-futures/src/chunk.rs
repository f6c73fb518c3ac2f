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
    /// Returns the result of a chunk that ran in another process, where a panic is reported by its message.
    #[cfg(unix)]
    pub(crate) fn from_reply(values: Vec<T>, panic: Option<String>) -> Self {
        let error = panic.map(|message| TaskError::Panicked {
            message,
            backtrace: None,
        });
        Self { values, error }
    }

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
