//! The handle of one task: what its holder may ask, wait for and call off.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::error::{TaskError, TimeoutError};
use crate::future::observer::{Observer, Shared, notify};
use crate::future::promise::Promise;
use crate::panics::contain;
use crate::state::{Stage, State};
use crate::sync::{deadline_in, yield_now};

/// The handle of a task: its state, its result, and the means to call it off.
///
/// Clones are the same future: they are equal and have the same hash, so that a future can be the key of a map. Dropping
/// all handles does not stop the task.
///
/// A future can also be awaited, on any runtime: `(&future).await` lends what [`result`](Self::result) lends, and
/// `future.await` takes the value, or a clone of it if there are other handles.
pub struct Future<T> {
    state: Shared<T>,
}

impl<T> Future<T> {
    /// A pending future and the promise that settles it, for who writes an executor.
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
        let state = Arc::new(State::new());
        (Promise::new(Arc::clone(&state)), Self { state })
    }

    /// The value of the task, or why there is none. Waits until the task is done; can be asked for again and again.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 6 * 7)?;
    /// assert_eq!(future.result(), Ok(&42));
    /// assert_eq!(future.result(), Ok(&42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The error is lent like the value; `future.result().cloned()` and `.map_err(Clone::clone)` give what `?` can pass on.
    /// A task that waits for another task of its own pool waits for ever if that has no worker left.
    ///
    /// # Errors
    /// Any [`TaskError`]: the task failed, panicked, was cancelled, or was not run to its end.
    pub fn result(&self) -> Result<&T, &TaskError> {
        let outcome = self.state.wait(None);
        outcome.unwrap_or_else(|| unreachable!("a wait without a deadline returns an outcome"))
    }

    /// As [`result`](Self::result), but waits no longer than `timeout`; with zero it does not wait at all.
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
    /// [`TimeoutError`] outside, while the task is not done; a [`TaskError`] inside, as the outcome of the task.
    pub fn result_timeout(
        &self,
        timeout: Duration,
    ) -> Result<Result<&T, &TaskError>, TimeoutError> {
        self.state.wait(deadline_in(timeout)).ok_or(TimeoutError)
    }

    /// Why the task has no value; none if it has one. Waits until the task is done.
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

    /// As [`error`](Self::error), but waits no longer than `timeout`.
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
    /// [`TimeoutError`] while the task is not done.
    pub fn error_timeout(&self, timeout: Duration) -> Result<Option<&TaskError>, TimeoutError> {
        self.result_timeout(timeout).map(Result::err)
    }

    /// Takes the value out, if this is its only handle. Waits until the task is done.
    ///
    /// The worker is no obstacle: it has let go of the future when its task is done. Only callbacks hold a handle until the
    /// last of them has run.
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
    /// The future itself while there are other handles of a value; the outcome inside is as in [`result`](Self::result).
    pub fn into_result(self) -> Result<Result<T, TaskError>, Self> {
        if let Err(error) = self.result() {
            return Ok(Err(error.clone()));
        }
        let mut state = self.state;
        loop {
            let promised = Arc::weak_count(&state) > 0;
            // Pairs with the drop of the weak one: who sees that it is gone sees that the strong one went before.
            fence(Ordering::Acquire);
            match Arc::try_unwrap(state) {
                Ok(state) => {
                    let outcome = state.into_outcome();
                    return Ok(
                        outcome.unwrap_or_else(|| unreachable!("`result` has returned a value"))
                    );
                }
                // Between telling of a value and letting go the promise does nothing that may take long.
                Err(shared) if promised => {
                    state = shared;
                    yield_now();
                }
                Err(shared) => return Err(Self { state: shared }),
            }
        }
    }

    /// Whether there is an outcome: a value, a failure, or cancellation.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| ())?;
    /// let _ = future.result();
    /// assert!(future.done() && !future.running() && !future.cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn done(&self) -> bool {
        self.state.is_settled()
    }

    /// Whether a worker is at it now.
    ///
    /// ```
    /// let (promise, future) = concurrent_futures::Future::pair();
    /// assert!(promise.begin() && future.running());
    /// promise.set(Ok(42));
    /// assert!(future.done() && !future.running());
    /// ```
    pub fn running(&self) -> bool {
        self.state.stage() == Stage::Running
    }

    /// Whether it was cancelled.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| ())?;
    /// assert_eq!(future.cancel(), future.cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancelled(&self) -> bool {
        self.state.stage() == Stage::Cancelled
    }

    /// Calls the task off if it has not begun; whether it is cancelled now.
    ///
    /// False for a task that is running or finished, whose state does not change. Who waits for a cancelled future sees
    /// it at once, not only when a worker would have come to it.
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
        match self.state.cancel() {
            Some(observers) => {
                notify(&self.state, observers).run();
                true
            }
            None => self.cancelled(),
        }
    }

    /// Has `callback` called with this future once it is done, whatever the outcome.
    ///
    /// Callbacks run in the order added, in the thread that settles the future (a worker, or who cancels it), after those
    /// who wait for the result have been woken. On a future that is already done the callback runs at once in this
    /// thread, and may overtake earlier ones that a worker is still running. One that panics is reported by the panic
    /// hook and keeps neither the others nor the worker from going on.
    ///
    /// A callback of a pool of processes must not wait for another task of that pool: it runs in the thread that reads from
    /// the worker, where that task's outcome may be next.
    ///
    /// ```
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 42)?;
    /// let (tell, told) = std::sync::mpsc::channel();
    /// future.add_done_callback(move |future| tell.send(*future.result().unwrap()).unwrap());
    /// assert_eq!(told.recv()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static) {
        let callback = |state: &Shared<T>| callback(&Self::of(Arc::clone(state)));
        let observer = Observer::Callback(Box::new(callback));
        if let Err(Observer::Callback(callback)) = self.state.observe(observer) {
            contain(|| callback(&self.state));
        }
    }

    /// One more handle, made from within.
    pub(crate) fn of(state: Shared<T>) -> Self {
        Self { state }
    }

    pub(crate) fn into_shared(self) -> Shared<T> {
        self.state
    }

    pub(crate) fn state(&self) -> &State<T, Observer<T>> {
        &self.state
    }

    /// What tells this future from all others as long as it lives.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.state).addr()
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.state))
    }
}

impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

impl<T> Eq for Future<T> {}

impl<T> Hash for Future<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

/// Names the state, and the failure if there is one; not the value, which need not be printable.
impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state.stage() {
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
