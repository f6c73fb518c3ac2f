//! The settings of a shutdown.

use std::time::Duration;

/// The settings of a shutdown: whether the call waits, and whether pending tasks are cancelled.
///
/// In Python these are the keyword arguments of `Executor.shutdown`.
///
/// ```
/// use concurrent_futures::{Shutdown, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let future = executor.submit(|| 42)?;
/// executor.shutdown(Shutdown::wait());
/// assert!(future.done());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the settings have no effect until they are given to `shutdown`"]
#[non_exhaustive]
pub struct Shutdown {
    wait: bool,
    cancel_pending: bool,
    deadline: Option<Duration>,
}

impl Shutdown {
    /// Returns settings that wait until all tasks are done and the workers have ended. Cancels nothing.
    ///
    /// In Python: `shutdown(wait=True, cancel_futures=False)`, the default.
    ///
    /// ```
    /// use concurrent_futures::{Shutdown, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let futures = [executor.submit(|| 1)?, executor.submit(|| 2)?];
    /// executor.shutdown(Shutdown::wait());
    /// assert!(futures.iter().all(|future| future.result().is_ok()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn wait() -> Self {
        Self {
            wait: true,
            cancel_pending: false,
            deadline: None,
        }
    }

    /// Returns settings that do not wait: all queued tasks still run, and the workers end after the last one. Cancels
    /// nothing.
    ///
    /// Dropping the executor still waits. In Python: `shutdown(wait=False)`.
    ///
    /// ```
    /// use concurrent_futures::{Shutdown, SubmitError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 42)?;
    /// executor.shutdown(Shutdown::no_wait());
    /// assert!(matches!(executor.submit(|| 43), Err(SubmitError::ShutDown)));
    /// assert_eq!(future.result(), Ok(&42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn no_wait() -> Self {
        Self {
            wait: false,
            cancel_pending: false,
            deadline: None,
        }
    }

    /// Cancels the tasks that have not started as well. Running tasks continue, but
    /// [`current().is_cancelled()`](crate::Current::is_cancelled) tells them that they may stop.
    ///
    /// In Python: `cancel_futures=True`.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// use concurrent_futures::{Shutdown, TaskError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let (go_on, may_go_on) = channel::<()>();
    /// let busy = executor.submit(move || may_go_on.recv())?;
    /// # while !busy.running() { std::thread::yield_now(); }
    /// let queued = executor.submit(|| 42)?;
    /// executor.shutdown(Shutdown::no_wait().cancel_pending());
    /// assert_eq!(queued.result(), Err(&TaskError::Cancelled));
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn cancel_pending(mut self) -> Self {
        self.cancel_pending = true;
        self
    }

    /// Waits at most this long. `shutdown` then returns false if tasks are still running; they continue.
    ///
    /// Not included is the time that values of thread-local variables take to be dropped at the end of a worker thread.
    /// Dropping the executor waits without a limit. Of a pool of processes, the workers can be killed instead.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// use std::time::Duration;
    /// use concurrent_futures::{Shutdown, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let (go_on, may_go_on) = channel::<()>();
    /// let busy = executor.submit(move || may_go_on.recv())?;
    /// assert!(!executor.shutdown(Shutdown::wait().within(Duration::from_millis(1))));
    /// drop(go_on);
    /// assert!(executor.shutdown(Shutdown::wait()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Returns how long `shutdown` waits at most, if that is limited. For implementations of
    /// [`Executor`](crate::Executor).
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures::Shutdown;
    ///
    /// let limit = Duration::from_secs(1);
    /// assert_eq!(Shutdown::wait().within(limit).deadline(), Some(limit));
    /// ```
    pub const fn deadline(self) -> Option<Duration> {
        self.deadline
    }

    /// Returns whether `shutdown` waits. For implementations of [`Executor`](crate::Executor).
    ///
    /// ```
    /// use concurrent_futures::Shutdown;
    ///
    /// assert!(Shutdown::wait().waits());
    /// assert!(!Shutdown::no_wait().waits());
    /// ```
    pub const fn waits(self) -> bool {
        self.wait
    }

    /// Returns whether `shutdown` cancels the tasks that have not started. For implementations of
    /// [`Executor`](crate::Executor).
    ///
    /// ```
    /// use concurrent_futures::Shutdown;
    ///
    /// assert!(!Shutdown::wait().cancels_pending());
    /// assert!(Shutdown::wait().cancel_pending().cancels_pending());
    /// ```
    pub const fn cancels_pending(self) -> bool {
        self.cancel_pending
    }

    /// Returns how long to wait for the workers: `None` is without a limit.
    pub(crate) fn timeout(self) -> Option<Duration> {
        if self.wait {
            self.deadline
        } else {
            Some(Duration::ZERO)
        }
    }
}
