//! The output of a task that may fail. What a task is, `portable_task` says.

use std::error::Error;

pub use portable_task::Task;

/// The output of a task that may fail: a [`Result`] whose error can be shared.
///
/// ```
/// use concurrent_futures::Fallible;
///
/// fn value<R: Fallible>(outcome: R) -> Option<R::Value> {
///     outcome.into_value().ok()
/// }
///
/// assert_eq!(value("42".parse::<i32>()), Some(42));
/// ```
pub trait Fallible {
    /// The value of a task that did not fail.
    type Value: Send + Sync;

    /// Returns the value, or the error as a boxed error.
    ///
    /// # Errors
    /// The error of the task, if it failed.
    fn into_value(self) -> Result<Self::Value, Box<dyn Error + Send + Sync>>;
}

impl<T: Send + Sync, E: Into<Box<dyn Error + Send + Sync>>> Fallible for Result<T, E> {
    type Value = T;

    fn into_value(self) -> Result<T, Box<dyn Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}
