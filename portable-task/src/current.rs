//! What a running task may ask of the executor that runs it, and report to it.
//!
//! A task knows nothing of its executor, and the function that checks for cancellation may be many calls below
//! [`Task::run`](crate::Task::run). So the executor leaves a [`Context`] in the thread that runs the task.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

thread_local! {
    static CONTEXT: RefCell<Option<Arc<dyn Context>>> = const { RefCell::new(None) };
}

/// What an executor offers its running tasks.
///
/// [`with_context`] has an example.
pub trait Context: Send + Sync {
    /// Returns whether the result of the running task is no longer wanted.
    fn is_cancelled(&self) -> bool;

    /// Receives that the task has completed `done` of `total` steps. Does nothing unless the executor makes use of it,
    /// for example to distinguish a slow task from one whose worker has died. The pools of `concurrent-futures` do not.
    fn report_progress(&self, done: u64, total: Option<u64>) {
        let _ = (done, total);
    }
}

/// The executor of the running task, as the task sees it. Returned by [`current`].
#[derive(Clone)]
pub struct Current(Option<Arc<dyn Context>>);

impl Current {
    /// Returns whether the result of the running task is no longer wanted. A long task checks this now and then, and
    /// returns early.
    ///
    /// ```
    /// // Outside a task nothing is ever cancelled.
    /// assert!(!portable_task::current().is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|context| context.is_cancelled())
    }

    /// Reports to the executor that the task has completed `done` steps, of `total` if that is known. Executors may
    /// ignore it.
    ///
    /// ```
    /// portable_task::current().report_progress(3, Some(10));
    /// ```
    pub fn report_progress(&self, done: u64, total: Option<u64>) {
        if let Some(context) = &self.0 {
            context.report_progress(done, total);
        }
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("in_task", &self.0.is_some())
            .field("is_cancelled", &self.is_cancelled())
            .finish()
    }
}

/// Returns the executor of the task that this thread runs. Threads that a task starts get one that is never cancelled and
/// ignores progress: pass them a clone of the task's.
///
/// ```
/// fn sum(numbers: &[u64]) -> Option<u64> {
///     let current = portable_task::current();
///     let mut sum = 0;
///     for number in numbers {
///         if current.is_cancelled() {
///             return None;
///         }
///         sum += number;
///     }
///     Some(sum)
/// }
///
/// assert_eq!(sum(&[1, 2, 3]), Some(6));
/// ```
pub fn current() -> Current {
    Current(CONTEXT.with_borrow(Clone::clone))
}

/// Calls `function` as a part of an executor: [`current`] returns `context` meanwhile, in this thread.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use portable_task::{Context, current, with_context};
///
/// #[derive(Default)]
/// struct Pool {
///     stops: AtomicBool,
/// }
///
/// impl Context for Pool {
///     fn is_cancelled(&self) -> bool {
///         self.stops.load(Ordering::Relaxed)
///     }
/// }
///
/// let pool = Arc::new(Pool::default());
/// let for_tasks = Arc::clone(&pool);
/// with_context(for_tasks, || {
///     assert!(!current().is_cancelled());
///     pool.stops.store(true, Ordering::Relaxed);
///     assert!(current().is_cancelled());
/// });
/// assert!(!current().is_cancelled());
/// ```
pub fn with_context<T>(context: Arc<dyn Context>, function: impl FnOnce() -> T) -> T {
    /// Restores the outer context also if `function` panics.
    struct Restore(Option<Arc<dyn Context>>);

    impl Drop for Restore {
        fn drop(&mut self) {
            CONTEXT.set(self.0.take());
        }
    }

    let _restore = Restore(CONTEXT.replace(Some(context)));
    function()
}
