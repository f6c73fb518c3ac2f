//! The handle of one task, which queries, waits for and cancels it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{TaskError, TimeoutError};
use crate::future::callbacks::{Callbacks, Due};
use crate::future::observer::{Cell, Observer, Shared};
use crate::future::promise::Promise;
use crate::state::{Stage, State};
use crate::sync::deadline_in;

/// The handle of a task, which gives access to its state and its result and can cancel it.
///
/// Clones refer to the same task: they are equal and have the same hash, so that a future can be the key of a map.
/// Dropping all handles does not stop the task.
///
/// A future can also be awaited, on any runtime: `(&future).await` lends the outcome as [`result`](Self::result) does,
/// and `future.await` takes the value, or a clone of it if there are other handles. For a value that cannot be cloned
/// there is [`into_result_async`](Self::into_result_async).
pub struct Future<T> {
    shared: Shared<T>,
}

impl<T> Future<T> {
    /// Returns a pending future and the promise that settles it, for implementations of [`Executor`](crate::Executor).
    ///
    /// ```
    /// use concurrent_futures::Future;
    ///
    /// let (promise, future) = Future::pair();
    /// let waiter = std::thread::spawn(move || future.result().copied().unwrap());
    /// promise.set(Ok(42));
    /// assert_eq!(waiter.join().unwrap(), 42);
    /// ```
    pub fn pair() -> (Promise<T>, Self) {
        let (cell, future) = Self::with_function(());
        (Promise::new(cell), future)
    }

    /// Returns a pending future and its allocation, which holds `function` as well. The promise must be made of it.
    pub(crate) fn with_function<F: Send + Sync + 'static>(function: F) -> (Arc<Cell<T, F>>, Self) {
        let cell = Cell::new(function);
        let first: Arc<Cell<T>> = Arc::clone(&cell) as _;
        (cell, Self::from_shared(Shared::first(first)))
    }

    /// Waits until the task is done, then returns its value or the reason why it has none. Can be called repeatedly.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 6 * 7)?;
    /// assert_eq!(future.result(), Ok(&42));
    /// assert_eq!(future.result(), Ok(&42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The error is lent like the value; `future.result().cloned()` and `.map_err(Clone::clone)` give what `?` can pass
    /// on. A task that waits for another task of its own pool waits forever if no worker is left to run that task.
    ///
    /// # Errors
    /// Any [`TaskError`]: the task failed, panicked, was cancelled, or did not finish.
    pub fn result(&self) -> Result<&T, &TaskError> {
        let outcome = self.state().wait(None);
        outcome.unwrap_or_else(|| unreachable!("a wait without a deadline returns an outcome"))
    }

    /// Same as [`result`](Self::result), but waits no longer than `timeout`. With a `timeout` of zero it does not wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures::{Future, TimeoutError};
    ///
    /// let (promise, future) = Future::pair();
    /// assert!(future.result_timeout(Duration::ZERO).is_err());
    /// promise.set(Ok(42));
    /// assert_eq!(future.result_timeout(Duration::ZERO), Ok(Ok(&42)));
    /// ```
    ///
    /// # Errors
    /// The outer error is [`TimeoutError`], if the task is not done in time. The inner error is the [`TaskError`] of
    /// the task.
    pub fn result_timeout(
        &self,
        timeout: Duration,
    ) -> Result<Result<&T, &TaskError>, TimeoutError> {
        self.state().wait(deadline_in(timeout)).ok_or(TimeoutError)
    }

    /// Waits until the task is done, then returns the reason why it has no value, or `None` if it has one.
    ///
    /// ```
    /// use concurrent_futures::{TaskError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let good = executor.submit(|| 42)?;
    /// let bad = executor.submit(|| -> i32 { panic!("on purpose") })?;
    /// assert_eq!(good.error(), None);
    /// assert!(matches!(bad.error(), Some(TaskError::Panicked { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn error(&self) -> Option<&TaskError> {
        self.result().err()
    }

    /// Same as [`error`](Self::error), but waits no longer than `timeout`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures::Future;
    ///
    /// let (promise, future) = Future::pair();
    /// assert!(future.error_timeout(Duration::ZERO).is_err());
    /// promise.set(Ok(42));
    /// assert_eq!(future.error_timeout(Duration::ZERO), Ok(None));
    /// ```
    ///
    /// # Errors
    /// [`TimeoutError`] if the task is not done in time.
    pub fn error_timeout(&self, timeout: Duration) -> Result<Option<&TaskError>, TimeoutError> {
        self.result_timeout(timeout).map(Result::err)
    }

    /// Waits until the task is done, then takes the value out if this is the only handle.
    ///
    /// The worker does not count as a handle: it releases the future when its task is done. Callbacks hold a handle
    /// until the last of them has run.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| String::from("not copied"))?;
    /// let value: String = future.into_result().expect("the only handle")?;
    /// assert_eq!(value, "not copied");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the future itself if there are other handles and the task has a value. The inner result is that of
    /// [`result`](Self::result).
    pub fn into_result(self) -> Result<Result<T, TaskError>, Self> {
        if let Err(error) = self.result() {
            return Ok(Err(error.clone()));
        }
        let taken = self.shared.into_value();
        taken.map(Ok).map_err(Self::from_shared)
    }

    /// Returns whether the task is done: it has a value, has failed, or was cancelled. Does not wait.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| ())?;
    /// let _ = future.result();
    /// assert!(future.done() && !future.running() && !future.cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn done(&self) -> bool {
        self.state().is_settled()
    }

    /// Returns whether a worker is running the task. Does not wait.
    ///
    /// ```
    /// let (promise, future) = concurrent_futures::Future::pair();
    /// assert!(promise.begin() && future.running());
    /// promise.set(Ok(42));
    /// assert!(future.done() && !future.running());
    /// ```
    pub fn running(&self) -> bool {
        self.state().stage() == Stage::Running
    }

    /// Returns whether the task was cancelled. Does not wait.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| ())?;
    /// assert_eq!(future.cancel(), future.cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancelled(&self) -> bool {
        self.state().stage() == Stage::Cancelled
    }

    /// Cancels the task if it has not started. Returns whether it is cancelled.
    ///
    /// Returns false if the task is running or finished; its state does not change. Threads that wait for a cancelled
    /// future are woken at once, not only when a worker reaches the task. Callbacks run in this thread before `cancel`
    /// returns or, if it is called in a callback, after that one.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// use concurrent_futures::{TaskError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let (go_on, may_go_on) = channel::<()>();
    /// let busy = executor.submit(move || may_go_on.recv())?;
    /// let queued = executor.submit(|| 42)?;
    ///
    /// assert!(queued.cancel());
    /// assert_eq!(queued.result(), Err(&TaskError::Cancelled));
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        match self.state().cancel() {
            Some(observers) => {
                let (wakers, callbacks) = self.shared.notify(observers);
                wakers.wake();
                callbacks.run();
                true
            }
            None => self.cancelled(),
        }
    }

    /// Registers `callback` to be called with this future once it is done, with or without a value.
    ///
    /// Callbacks run in the order added, in the thread that settles the future (a worker, or the thread that cancels
    /// it), after the threads that wait for the result have been woken. If the future is already done, the callback
    /// runs at once in this thread, and may overtake earlier ones that a worker is still running. A panic in a callback
    /// is reported by the panic hook; it stops neither the other callbacks nor the worker.
    ///
    /// Callbacks of one thread run one after the other: those that become due while another runs wait until it returns.
    /// So a chain of futures, each settled in a callback of the one before, may have any length. But a callback must
    /// not wait for the effect of another one that becomes due in its own thread.
    ///
    /// In a pool of processes, a callback must not wait for another task of the same pool: it runs in the thread that
    /// reads from the worker, and that thread may have to read the other task's outcome next.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 42)?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// future.add_done_callback(move |future| sender.send(*future.result().unwrap()).unwrap());
    /// assert_eq!(receiver.recv()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static)
    where
        T: 'static,
    {
        let with_future =
            |shared: Shared<T>| -> Due { Box::new(move || callback(&Self::from_shared(shared))) };
        let observer = Observer::Callback(Box::new(with_future));
        if let Err(Observer::Callback(with_future)) = self.state().observe(observer) {
            Callbacks(vec![with_future(self.shared.clone())]).run();
        }
    }

    /// Creates another handle from the shared state.
    pub(crate) fn from_shared(shared: Shared<T>) -> Self {
        Self { shared }
    }

    pub(crate) fn into_shared(self) -> Shared<T> {
        self.shared
    }

    pub(crate) fn state(&self) -> &State<T, Observer<T>> {
        self.shared.state()
    }

    /// Returns an address that no other live future has.
    pub(crate) fn address(&self) -> usize {
        self.shared.address()
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self::from_shared(self.shared.clone())
    }
}

impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl<T> Eq for Future<T> {}

impl<T> Hash for Future<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

/// Prints the stage, and the failure if there is one. Does not print the value, which may not implement `Debug`.
impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state().stage() {
            Stage::Pending => f.write_str("Future(pending)"),
            Stage::Running => f.write_str("Future(running)"),
            Stage::Cancelled => f.write_str("Future(cancelled)"),
            Stage::Finished => match self.result() {
                Ok(_) => f.write_str("Future(finished)"),
                Err(error) => write!(f, "Future(finished: {error})"),
            },
        }
    }
}
