//! An executor on threads: one queue, and workers that are started when there is work for them and nobody idle.
//!
//! A worker counts as free from the moment its task has returned, before anyone learns of the result. So whoever waits
//! for a result and submits again finds the same worker, and a chain of calls never grows the pool. The one exception:
//! while a worker runs callbacks, which may wait for other tasks, it counts as busy.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::{fmt, io};

use crossbeam_channel::{Receiver, Sender};

use crate::error::{Broken, BuildError, SubmitError, TaskError, contain, panic_message};
use crate::future::{Callbacks, Future, Promise};

/// Runs tasks on at most so many threads, in the order submitted.
///
/// Threads are started one by one as tasks come and find no idle one. Dropping the executor waits for all tasks, as
/// leaving Python's `with` block does, also after `shutdown(false, ...)`; only one of its own workers, which cannot wait for
/// itself, drops it without waiting. Nothing waits for an executor that is never dropped: when `main` returns or
/// [`std::process::exit`] is called, what it has left to do is lost.
///
/// A panic of a task is caught, so it needs `panic = "unwind"`, the default.
///
/// ```
/// use concurrent_futures::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let answer = executor.submit(|| 6 * 7)?;
/// assert_eq!(answer.result(), Ok(&42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ThreadPoolExecutor {
    pool: Arc<Pool>,
}

impl ThreadPoolExecutor {
    /// An executor with at most `max_workers` threads.
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] for 0.
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// An executor to be described further.
    ///
    /// ```
    /// use concurrent_futures::ThreadPoolExecutor;
    ///
    /// let executor = ThreadPoolExecutor::builder()
    ///     .max_workers(8)
    ///     .thread_name_prefix("download")
    ///     .initializer(|| println!("a worker starts"))
    ///     .build()?;
    /// let name = executor.submit(|| std::thread::current().name().map(str::to_owned))?;
    /// assert_eq!(name.result(), Ok(&Some("download_0".to_owned())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder {
            max_workers: default_workers(),
            thread_name_prefix: None,
            initializer: None,
        }
    }

    /// Queues a task; the future is its handle. Never waits for a worker.
    ///
    /// The task runs even if the future is thrown away. What it captured is dropped when it returns; if it is cancelled,
    /// when a worker comes to its place in the queue.
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown), [`SubmitError::Broken`] after an initializer
    /// panicked, [`SubmitError::NoThread`] when not even a first thread can be had.
    pub fn submit<T, F>(&self, task: F) -> Result<Future<T>, SubmitError>
    where
        T: Send + Sync + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (promise, future) = Future::pair();
        self.pool.queue_up(Box::new(Call {
            function: task,
            promise,
        }))?;
        Ok(future)
    }

    /// Takes no more tasks. `cancel_futures`: those that have not begun are cancelled, else they still run. `wait`:
    /// returns when all is done and the threads have ended, else at once.
    ///
    /// May be called again. A worker that calls it cannot wait for itself: there `wait` has no effect.
    ///
    /// ```
    /// use concurrent_futures::{SubmitError, ThreadPoolExecutor};
    ///
    /// let executor = ThreadPoolExecutor::new(1)?;
    /// let future = executor.submit(|| 42)?;
    /// executor.shutdown(true, false);
    /// assert!(future.done());
    /// assert!(matches!(executor.submit(|| 43), Err(SubmitError::ShutDown)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, wait: bool, cancel_futures: bool) {
        drop(self.pool.state().sender.take());
        if cancel_futures {
            self.pool.empty_queue(|task| task.cancel());
        }
        if wait && !self.pool.is_worked_for_by_this_thread() {
            self.pool.join_workers();
        }
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(true, false);
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.pool.state();
        f.debug_struct("ThreadPoolExecutor")
            .field("max_workers", &self.pool.max_workers)
            .field("started", &state.started)
            .field("shut_down", &state.sender.is_none())
            .field("broken", &state.broken)
            .finish_non_exhaustive()
    }
}

/// A pool yet to be built.
#[must_use = "a builder builds nothing until `build` is called"]
pub struct ThreadPoolBuilder {
    max_workers: usize,
    thread_name_prefix: Option<String>,
    initializer: Option<Initializer>,
}

type Initializer = Box<dyn Fn() + Send + Sync>;

impl ThreadPoolBuilder {
    /// The most threads there will ever be (default: the processors this program may use + 4, at most 32).
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = max_workers;
        self
    }

    /// What the names of the threads begin with, followed by `_0`, `_1`... (default: `pool-0`, `pool-1`...). Linux shows
    /// the first 15 characters of a name.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.thread_name_prefix = Some(prefix.into());
        self
    }

    /// Called in each worker before its first task. If it panics the pool is broken: what is queued fails with
    /// [`TaskError::Broken`], and nothing more is taken.
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.initializer = Some(Box::new(initializer));
        self
    }

    /// The executor. No thread is started yet.
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] when `max_workers` is 0, [`BuildError::ThreadName`] when the prefix contains a NUL.
    pub fn build(self) -> Result<ThreadPoolExecutor, BuildError> {
        if self.max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        let thread_name_prefix = self.thread_name_prefix.unwrap_or_else(next_default_prefix);
        if thread_name_prefix.contains('\0') {
            return Err(BuildError::ThreadName(thread_name_prefix));
        }
        let (sender, queue) = crossbeam_channel::unbounded();
        let pool = Pool {
            state: Mutex::new(State {
                sender: Some(sender),
                started: 0,
                broken: None,
            }),
            threads: Mutex::new(Vec::new()),
            joining: Mutex::new(()),
            queue,
            unfinished: AtomicUsize::new(0),
            max_workers: self.max_workers,
            thread_name_prefix,
            initializer: self.initializer,
        };
        Ok(ThreadPoolExecutor {
            pool: Arc::new(pool),
        })
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("max_workers", &self.max_workers)
            .field("thread_name_prefix", &self.thread_name_prefix)
            .field("initializer", &self.initializer.is_some())
            .finish()
    }
}

/// # Source
/// `ThreadPoolExecutor.__init__` of CPython: a few more than processors, for tasks that wait, but no crowd.
fn default_workers() -> usize {
    let processors = thread::available_parallelism().map_or(1, Into::into);
    (processors + 4).min(32)
}

fn next_default_prefix() -> String {
    static POOLS: AtomicUsize = AtomicUsize::new(0);
    format!("pool-{}", POOLS.fetch_add(1, Ordering::Relaxed))
}

/// What the executor and its workers share.
struct Pool {
    state: Mutex<State>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held by whoever joins the threads, so that a second one waits as long as the first.
    joining: Mutex<()>,
    queue: Receiver<Box<dyn Task>>,
    /// Tasks that are queued, running, or running their callbacks.
    unfinished: AtomicUsize,
    max_workers: usize,
    thread_name_prefix: String,
    initializer: Option<Initializer>,
}

struct State {
    /// Taken by shutdown and by breakage; workers end when it is gone and the queue is empty.
    sender: Option<Sender<Box<dyn Task>>>,
    started: usize,
    broken: Option<Broken>,
}

thread_local! {
    /// The address of the pool this thread works for, to compare and not to follow.
    static WORKS_FOR: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Pool {
    fn queue_up(self: &Arc<Self>, task: Box<dyn Task>) -> Result<(), SubmitError> {
        let mut state = self.state();
        if let Some(broken) = &state.broken {
            return Err(SubmitError::Broken(broken.clone()));
        }
        if state.sender.is_none() {
            return Err(SubmitError::ShutDown);
        }
        self.task_comes(&mut state).map_err(SubmitError::NoThread)?;
        if let Some(sender) = &state.sender {
            // The pool itself holds a receiver, so the channel is open.
            let _ = sender.send(task);
        }
        Ok(())
    }

    /// Counts a task and sees to it that there is a worker for it, unless there are as many as may be.
    ///
    /// # Errors
    /// When there is no worker at all and none can be started; the task is not counted then.
    fn task_comes(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let unfinished = self.unfinished.fetch_add(1, Ordering::Relaxed) + 1;
        if unfinished <= state.started || state.started == self.max_workers {
            return Ok(());
        }
        match self.start_worker(state.started) {
            Ok(thread) => {
                state.started += 1;
                lock(&self.threads).push(thread);
                Ok(())
            }
            Err(error) if state.started == 0 => {
                self.task_ends();
                Err(error)
            }
            // The workers there are will come to it.
            Err(_) => Ok(()),
        }
    }

    fn task_ends(&self) {
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
    }

    fn start_worker(self: &Arc<Self>, index: usize) -> io::Result<JoinHandle<()>> {
        let pool = Arc::clone(self);
        let name = format!("{}_{index}", self.thread_name_prefix);
        thread::Builder::new().name(name).spawn(move || pool.work())
    }

    /// What a worker does, from its start to its end.
    fn work(self: Arc<Self>) {
        WORKS_FOR.set(Some(self.address()));
        if let Some(initializer) = &self.initializer
            && let Err(message) = call(initializer)
        {
            self.break_down(Broken::Initializer { message });
        }
        // Ends when the sender is gone and the queue is empty; after a breakdown that is now.
        for task in &self.queue {
            contain(|| task.run(&self));
        }
    }

    /// Fails what is queued and takes nothing more. Tasks that are running go on.
    fn break_down(&self, broken: Broken) {
        let mut state = self.state();
        drop(state.sender.take());
        state.broken.get_or_insert(broken.clone());
        drop(state);
        self.empty_queue(|task| task.break_off(broken.clone()));
    }

    /// Settles what is queued. Callbacks run only when all of it is settled: one may wait for another.
    fn empty_queue(&self, settle: impl Fn(Box<dyn Task>) -> Option<CallbacksToRun>) {
        let mut to_run = Vec::new();
        for task in self.queue.try_iter() {
            to_run.extend(settle(task));
            self.task_ends();
        }
        for callbacks in to_run {
            contain(callbacks);
        }
    }

    /// Waits until all workers have ended, also those that are started meanwhile.
    fn join_workers(&self) {
        let _alone = lock(&self.joining);
        loop {
            // Not held while joining: a worker that runs callbacks may have to start another one.
            let Some(thread) = lock(&self.threads).pop() else {
                break;
            };
            // Whatever may panic in a worker is contained there.
            let _ = thread.join();
        }
    }

    fn is_worked_for_by_this_thread(&self) -> bool {
        WORKS_FOR.get() == Some(self.address())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Nothing under these locks panics halfway, so a poisoned one holds what it should.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a call returns, or what its panic said.
fn call<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|payload| {
        let message = panic_message(&*payload);
        contain(|| drop(payload));
        message
    })
}

/// A call in the queue, its types forgotten.
trait Task: Send {
    fn run(self: Box<Self>, pool: &Arc<Pool>);
    fn cancel(self: Box<Self>) -> Option<CallbacksToRun>;
    fn break_off(self: Box<Self>, broken: Broken) -> Option<CallbacksToRun>;
}

type CallbacksToRun = Box<dyn FnOnce()>;

struct Call<F, T> {
    function: F,
    promise: Promise<T>,
}

impl<F, T> Task for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send + Sync + 'static,
{
    fn run(self: Box<Self>, pool: &Arc<Pool>) {
        let Self { function, promise } = *self;
        if !promise.begin() {
            pool.task_ends();
            return;
        }
        let outcome = call(function).map_err(|message| TaskError::Panicked { message });
        pool.task_ends();
        let callbacks = promise.fulfil(outcome);
        if !callbacks.is_empty() {
            // A callback may wait for another task of this pool, so that task may need another worker. Without one it
            // waits for this worker, as it would have to anyway.
            let _ = pool.task_comes(&mut pool.state());
            callbacks.run();
            pool.task_ends();
        }
    }

    fn cancel(self: Box<Self>) -> Option<CallbacksToRun> {
        self.settle(Promise::cancel)
    }

    fn break_off(self: Box<Self>, broken: Broken) -> Option<CallbacksToRun> {
        self.settle(|promise| promise.break_off(broken))
    }
}

impl<F, T: Send + Sync + 'static> Call<F, T> {
    fn settle(
        self,
        how: impl FnOnce(&Promise<T>) -> Option<Callbacks<T>>,
    ) -> Option<CallbacksToRun> {
        let Self { function, promise } = self;
        let callbacks = how(&promise);
        contain(|| drop(function));
        callbacks.map(|callbacks| Box::new(|| callbacks.run()) as CallbacksToRun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_a_few_more_workers_than_processors_and_no_crowd() {
        let processors = thread::available_parallelism().unwrap().get();
        assert_eq!(
            ThreadPoolExecutor::builder().max_workers,
            (processors + 4).min(32)
        );
    }

    #[test]
    fn whatever_becomes_of_tasks_none_is_counted_for_ever() {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        for n in 0..300 {
            let future = executor.submit(move || assert!(n % 3 > 0)).unwrap();
            if n % 2 == 0 {
                future.cancel();
            }
            if n % 5 == 0 {
                future.add_done_callback(|_| ());
            }
        }
        executor.shutdown(true, false);
        assert_eq!(executor.pool.unfinished.load(Ordering::Relaxed), 0);
    }
}
