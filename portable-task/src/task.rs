//! What a task is: a closure, or a value with a name and a `run` method.
//!
//! A closure cannot be sent to another process; a value with a name and fields can. So a program that may run its tasks
//! anywhere describes them as values, and one that only uses threads can use closures.

/// A call that an executor can run: the fields are the arguments, [`run`](Self::run) is the function.
///
/// Every closure without arguments is a task. A type that implements this trait runs on any executor; for one that
/// sends it away, its fields and its output must be serializable. For a plain function the macro `task!` (of the feature
/// `wire`) writes the type.
///
/// ```
/// use portable_task::Task;
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
/// assert_eq!(Gcd(12, 18).run(), 6);
/// assert_eq!((|| 6 * 7).run(), 42);
/// ```
pub trait Task: Send {
    /// The value that the call returns. All handles of a future share it; submitting and waiting never copy it.
    type Output: Send + Sync;

    /// The name by which a worker in another process finds the task. Must be unique among the tasks that a worker can
    /// run. A library puts its own name in front: `"my-library::gcd"`.
    const NAME: &'static str;

    /// The version of the task's fields and output. Increase it when they change: a worker refuses a task of another
    /// version, where it would otherwise compute something else.
    ///
    /// ```
    /// # use portable_task::Task;
    /// struct Gcd(u64, u64);
    ///
    /// impl Task for Gcd {
    ///     type Output = u64;
    ///     const NAME: &'static str = "gcd";
    ///     const VERSION: u32 = 2; // the numbers had 32 bits before
    /// #    fn run(self) -> u64 { self.0.min(self.1) }
    ///     // ...
    /// }
    /// # assert_eq!(Gcd(2, 3).run(), 2);
    /// ```
    const VERSION: u32 = 1;

    /// Runs the call and returns its value. Executors call this in a worker and turn a panic into an error.
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
