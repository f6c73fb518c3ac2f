//! What an executor runs: a closure, or a value that says what it is called and what to do.
//!
//! A closure cannot leave its process, a value with a name and fields can. So a program that leaves open which executor it
//! runs on says its work in values; one that is about threads alone writes closures.

use std::error::Error;

/// Work to be done: the fields are the arguments, [`run`](Self::run) is the call.
///
/// Every closure without arguments is a task. A type of one's own is a task for any executor, also one on
/// processes, if its fields and its output can be written and read there:
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
    /// What the call returns. Shared by all who hold the future, and so never copied.
    type Output: Send + Sync;

    /// What a worker in another process knows the task by; no two tasks of a program may have the same.
    const NAME: &'static str;

    /// The call.
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

/// What a task returns that may fail: a [`Result`] whose error can be shared.
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
    /// What it is if it did not fail.
    type Value: Send + Sync;

    /// The value, or the error as one of any kind.
    ///
    /// # Errors
    /// When the task failed.
    fn into_value(self) -> Result<Self::Value, Box<dyn Error + Send + Sync>>;
}

impl<T: Send + Sync, E: Into<Box<dyn Error + Send + Sync>>> Fallible for Result<T, E> {
    type Value = T;

    fn into_value(self) -> Result<T, Box<dyn Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}
