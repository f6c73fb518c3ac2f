//! The work that an executor runs: a closure, or a value with a name and a `run` method.
//!
//! A closure cannot be sent to another process; a value with a name and fields can. So a program that may run on either
//! kind of executor describes its work as values, and one that only uses threads can submit closures.

use std::error::Error;

/// A call that an executor can run: the fields are the arguments, [`run`](Self::run) is the function.
///
/// Every closure without arguments is a task. A type that implements this trait runs on any executor; for one on
/// processes, its fields and its output must be serializable:
///
/// ```
/// use concurrent_futures::{Task, ThreadPoolExecutor};
///
/// struct Gcd(u64, u64);
///
/// impl Task for Gcd {
///     type Output = u64;
///     const NAME: &'static str = "gcd";
///
///     fn run(self) -> u64 {
///         let Self(mut a, mut b) = self;
///         while b > 0 {
///             (a, b) = (b, a % b);
///         }
///         a
///     }
/// }
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// assert_eq!(executor.submit(Gcd(12, 18))?.result(), Ok(&6));
/// assert_eq!(executor.submit(|| 6 * 7)?.result(), Ok(&42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Task: Send {
    /// The value that the call returns. All handles of the future share it; submitting and waiting never copy it.
    type Output: Send + Sync;

    /// The name by which a worker in another process finds the task. Must be unique among the tasks that a worker can
    /// run.
    const NAME: &'static str;

    /// Runs the call and returns its value. Executors call this in a worker and turn a panic into
    /// [`TaskError::Panicked`](crate::TaskError::Panicked).
    fn run(self) -> Self::Output;
}

impl<F, T> Task for F
where
    F: FnOnce() -> T + Send,
    T: Send + Sync,
{
    type Output = T;
    const NAME: &'static str = "closure";

    fn run(self) -> T {
        self()
    }
}

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
