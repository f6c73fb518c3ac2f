//! The handle of one task, and the promise at its other end.
//!
//! Pending -> running -> finished, or pending -> cancelled; there is no way back. The outcome sits in a cell that is
//! written once, so that `result` can lend it to any number of holders; a mutex guards only the steps between the
//! stages. Whoever settles a future wakes all who wait and then runs its callbacks, outside the lock: a callback may do
//! with the future whatever it likes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crossbeam_channel::Sender;

use crate::error::{Broken, TaskError, contain};

/// The handle of a task: its state, its result, and the means to call it off.
///
/// Clones are the same future: they are equal and have the same hash, so that a future can be the key of a map. Dropping
/// all handles does not stop the task.
pub struct Future<T> {
    core: Arc<Core<T>>,
}

struct Core<T> {
    /// Written once, under the lock of `progress`; read without it.
    outcome: OnceLock<Result<T, TaskError>>,
    progress: Mutex<Progress<T>>,
    settled: Condvar,
}

struct Progress<T> {
    stage: Stage,
    waiters: Vec<Sender<Future<T>>>,
    callbacks: Vec<Callback<T>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pending,
    Running,
    Settled,
}

type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

impl<T> Future<T> {
    /// A future and the promise that settles it.
    pub(crate) fn pair() -> (Promise<T>, Self) {
        let progress = Progress {
            stage: Stage::Pending,
            waiters: Vec::new(),
            callbacks: Vec::new(),
        };
        let core = Core {
            outcome: OnceLock::new(),
            progress: Mutex::new(progress),
            settled: Condvar::new(),
        };
        let future = Self {
            core: Arc::new(core),
        };
        (
            Promise {
                future: future.clone(),
            },
            future,
        )
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
    /// [`TaskError::Panicked`], [`TaskError::Cancelled`] or [`TaskError::Broken`].
    pub fn result(&self) -> Result<&T, &TaskError> {
        let outcome = match self.core.outcome.get() {
            Some(outcome) => outcome,
            None => self.wait(),
        };
        outcome.as_ref()
    }

    #[cold]
    fn wait(&self) -> &Result<T, TaskError> {
        let mut progress = self.progress();
        loop {
            if let Some(outcome) = self.core.outcome.get() {
                return outcome;
            }
            let waited = self.core.settled.wait(progress);
            progress = waited.unwrap_or_else(PoisonError::into_inner);
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
        self.core.outcome.get().is_some()
    }

    /// Whether a worker is at it now.
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// # let executor = concurrent_futures::ThreadPoolExecutor::new(1)?;
    /// let (begun, has_begun) = channel();
    /// let (go_on, may_go_on) = channel::<()>();
    /// let future = executor.submit(move || {
    ///     begun.send(()).unwrap();
    ///     may_go_on.recv()
    /// })?;
    /// has_begun.recv()?;
    /// assert!(future.running() && !future.done());
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn running(&self) -> bool {
        self.progress().stage == Stage::Running
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
        matches!(self.core.outcome.get(), Some(Err(TaskError::Cancelled)))
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
        match self.try_cancel() {
            Some(callbacks) => {
                callbacks.run();
                true
            }
            None => self.cancelled(),
        }
    }

    /// Cancels a pending future; the caller runs the callbacks.
    fn try_cancel(&self) -> Option<Callbacks<T>> {
        let progress = self.progress();
        let pending = progress.stage == Stage::Pending;
        pending.then(|| self.settle(progress, Err(TaskError::Cancelled)))
    }

    /// Has `callback` called with this future once it is done, whatever the outcome.
    ///
    /// Callbacks run in the order added, in the thread that settles the future (a worker, or who cancels it), after those
    /// who wait for the result have been woken. On a future that is already done the callback runs at once in this
    /// thread, and may overtake earlier ones that a worker is still running. One that panics is reported by the panic
    /// hook and keeps neither the others nor the worker from going on.
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
        let mut progress = self.progress();
        if progress.stage == Stage::Settled {
            drop(progress);
            contain(|| callback(self));
        } else {
            progress.callbacks.push(Box::new(callback));
        }
    }

    /// Has a clone of this future sent once it is done, at once if it is.
    pub(crate) fn send_when_done(&self, to: Sender<Self>) {
        let mut progress = self.progress();
        if progress.stage == Stage::Settled {
            drop(progress);
            // Whoever wanted to know may have gone.
            let _ = to.send(self.clone());
        } else {
            progress.waiters.push(to);
        }
    }

    /// Nothing that can panic happens under the lock, so a poisoned one holds what it should.
    fn progress(&self) -> MutexGuard<'_, Progress<T>> {
        self.core
            .progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the outcome and wakes all who wait. The caller runs the callbacks.
    fn settle(
        &self,
        mut progress: MutexGuard<'_, Progress<T>>,
        outcome: Result<T, TaskError>,
    ) -> Callbacks<T> {
        debug_assert_ne!(progress.stage, Stage::Settled);
        progress.stage = Stage::Settled;
        // Never set before: the stage says so, and it changes only here.
        let _ = self.core.outcome.set(outcome);
        let waiters = std::mem::take(&mut progress.waiters);
        let callbacks = std::mem::take(&mut progress.callbacks);
        drop(progress);

        self.core.settled.notify_all();
        for waiter in waiters {
            let _ = waiter.send(self.clone());
        }
        Callbacks {
            future: self.clone(),
            callbacks,
        }
    }
}

/// What is left to do for a settled future.
#[must_use = "callbacks are promised to be run"]
pub(crate) struct Callbacks<T> {
    future: Future<T>,
    callbacks: Vec<Callback<T>>,
}

impl<T> Callbacks<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.callbacks.is_empty()
    }

    pub(crate) fn run(self) {
        for callback in self.callbacks {
            contain(|| callback(&self.future));
        }
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
        }
    }
}

impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }
}

impl<T> Eq for Future<T> {}

impl<T> Hash for Future<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.core).hash(state);
    }
}

/// Names the state, and the failure if there is one; not the value, which need not be printable.
impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.progress().stage;
        match (stage, self.core.outcome.get()) {
            (Stage::Pending, _) => f.write_str("Future(pending)"),
            (Stage::Running, _) => f.write_str("Future(running)"),
            (Stage::Settled, Some(Err(TaskError::Cancelled))) => f.write_str("Future(cancelled)"),
            (Stage::Settled, Some(Err(error))) => write!(f, "Future(finished: {error})"),
            (Stage::Settled, _) => f.write_str("Future(finished)"),
        }
    }
}

/// The duty to settle a future. Dropped unfilled it settles it as broken: nobody waits for ever.
pub(crate) struct Promise<T> {
    future: Future<T>,
}

impl<T> Promise<T> {
    /// Marks the task as running; false when it was cancelled and must not run.
    pub(crate) fn begin(&self) -> bool {
        let mut progress = self.future.progress();
        let pending = progress.stage == Stage::Pending;
        if pending {
            progress.stage = Stage::Running;
        }
        pending
    }

    /// Sets the outcome and wakes all who wait. The caller runs the callbacks.
    pub(crate) fn fulfil(self, outcome: Result<T, TaskError>) -> Callbacks<T> {
        self.future.settle(self.future.progress(), outcome)
    }

    /// Cancels the future if it is pending. The caller runs the callbacks.
    pub(crate) fn cancel(&self) -> Option<Callbacks<T>> {
        self.future.try_cancel()
    }

    /// Settles the future as broken, unless it is settled. The caller runs the callbacks.
    pub(crate) fn break_off(&self, broken: Broken) -> Option<Callbacks<T>> {
        let progress = self.future.progress();
        let open = progress.stage != Stage::Settled;
        open.then(|| self.future.settle(progress, Err(TaskError::Broken(broken))))
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(callbacks) = self.break_off(Broken::Abandoned) {
            callbacks.run();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn a_promise_thrown_away_breaks_its_future_whatever_its_stage() {
        for begun in [false, true] {
            let (promise, future) = Future::<i32>::pair();
            if begun {
                assert!(promise.begin() && future.running());
            }
            let (tell, told) = channel();
            future.add_done_callback(move |_| tell.send(()).unwrap());
            drop(promise);
            assert_eq!(future.result(), Err(&TaskError::Broken(Broken::Abandoned)));
            told.try_recv().unwrap();
        }
    }

    #[test]
    fn of_cancel_and_begin_exactly_one_wins() {
        for _ in 0..2000 {
            let (promise, future) = Future::<i32>::pair();
            thread::scope(|scope| {
                let cancelled = scope.spawn(|| future.cancel());
                let begun = promise.begin();
                assert_ne!(begun, cancelled.join().unwrap());
            });
        }
    }

    #[test]
    fn a_callback_added_while_the_future_settles_runs_exactly_once() {
        for _ in 0..2000 {
            let (promise, future) = Future::pair();
            let (tell, told) = channel();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let callbacks = promise.fulfil(Ok(42));
                    callbacks.run();
                });
                future
                    .add_done_callback(move |future| tell.send(*future.result().unwrap()).unwrap());
            });
            assert_eq!(told.iter().collect::<Vec<_>>(), [42]);
        }
    }

    #[test]
    fn whoever_waits_wakes_however_the_future_is_settled() {
        type Settle = fn(Promise<i32>, &Future<i32>);
        let ways: [Settle; 3] = [
            |promise, _| promise.fulfil(Ok(42)).run(),
            |_promise, future| assert!(future.cancel()),
            |promise, _| drop(promise),
        ];
        for settle in ways {
            // Often enough that the other thread has, now and then, really gone to sleep.
            for round in 0..300 {
                let (promise, future) = Future::pair();
                thread::scope(|scope| {
                    let (begin, begun) = channel();
                    let waiting = future.clone();
                    let waits = scope.spawn(move || {
                        begin.send(()).unwrap();
                        waiting.result().is_ok()
                    });
                    begun.recv().unwrap();
                    for _ in 0..round {
                        thread::yield_now();
                    }
                    settle(promise, &future);
                    assert_eq!(waits.join().unwrap(), future.result().is_ok());
                });
            }
        }
    }
}
