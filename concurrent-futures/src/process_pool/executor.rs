//! The public executor on processes.

use std::fmt;
use std::sync::Arc;

use multiprocessing::Child;
use portable_task::PortableTask;

use super::job::Job;
use super::pool::{Pool, Settings};
use crate::chunk::Chunk;
use crate::error::SubmitError;
use crate::executor::Executor;
use crate::future::Future;
use crate::shutdown::Shutdown;
use crate::task::Fallible;

/// An executor that runs tasks in a bounded number of processes, in the order submitted.
///
/// A worker is this program, started again: `main` must first call [`serve`](crate::serve), which
/// does not return in a worker. On Linux it runs the same file, even after another one has taken the program's name, as
/// in an upgrade. Under `cargo test` the program is the test harness;
/// [`command`](crate::ProcessPoolBuilder::command) shows how to start workers there. A worker is started when a task finds no
/// idle one.
///
/// A task's standard output and error are those of this program; its standard input is empty, and the arguments of this
/// program are not passed on to it. A task may have a pool of its own, whose workers end with its worker. A panic in a task is
/// caught. This requires `panic = "unwind"`, the default. If a task or its value cannot be sent, only that task fails.
///
/// A worker that is killed, aborts or exits breaks the pool, as in Python: all tasks without a value fail with
/// [`TaskError::Broken`](crate::TaskError::Broken), all workers are stopped and no more tasks are accepted;
/// [`on_crash`](crate::ProcessPoolBuilder::on_crash) changes that. If a worker cannot be started because descriptors, threads or
/// memory are short, tasks wait for the other workers, and the pool tries again ten times a second. If there is no other
/// worker, the queued tasks fail with [`BrokenError::NoWorker`](crate::BrokenError::NoWorker), but the pool accepts more.
/// When this program is killed, its workers end at once, even
/// in the middle of a task.
///
/// Callbacks of futures run in the thread that reads from the worker. They must not wait for another task of this pool,
/// because that thread may have to read its outcome next.
///
/// Dropping the executor waits for all tasks, as leaving Python's `with` block does. Not available on Windows, where a
/// socket cannot be handed to a new process in safe Rust.
///
/// ```standalone_crate
/// use concurrent_futures::{ProcessPoolExecutor, Registry, serve, task};
///
/// fn is_prime(n: u64) -> bool {
///     n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d > 0)
/// }
///
/// task!(IsPrime = fn is_prime(n: u64) -> bool);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<IsPrime>());
///
///     let executor = ProcessPoolExecutor::new(2)?;
///     let future = executor.submit(IsPrime(1_000_003))?;
///     assert_eq!(future.result(), Ok(&true));
///     Ok(())
/// }
/// ```
pub struct ProcessPoolExecutor {
    pool: Arc<Pool>,
}

impl ProcessPoolExecutor {
    pub(super) fn with(settings: Settings) -> Self {
        let pool = Pool::new(settings);
        Self { pool }
    }

    /// Queues a task and returns its future. Does not wait for a worker.
    ///
    /// The task is encoded at once and runs even if the future is dropped. If it cannot be encoded, the future fails
    /// with [`TaskError::Encode`](crate::TaskError::Encode). Once the task is on its way to a worker, it counts as running and cannot be
    /// cancelled.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, serve, task};
    ///
    /// fn length(text: String) -> usize {
    ///     text.len()
    /// }
    ///
    /// task!(Length = fn length(text: String) -> usize);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Length>());
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     let future = executor.submit(Length("seventeen".to_owned()))?;
    ///     assert_eq!(future.result(), Ok(&9));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown); [`SubmitError::Broken`] after a worker crashed, an
    /// initializer panicked, or no worker could be started; [`SubmitError::Unregistered`] if the registry that
    /// [`serve`](crate::serve) was called with does not have the task; [`SubmitError::QueueFull`] in a callback, if the
    /// queue is bounded and full.
    pub fn submit<K: PortableTask>(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.enqueue::<K, _>(|| Job::of(task))
    }

    /// Queues a task that returns a [`Result`]. An `Ok` holds the value of the future, an `Err` becomes
    /// [`TaskError::Failed`](crate::TaskError::Failed). Does not wait for a worker.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, TaskError, serve, task};
    ///
    /// fn half(n: u32) -> Result<u32, String> {
    ///     if n % 2 == 0 { Ok(n / 2) } else { Err(format!("{} is odd", n)) }
    /// }
    ///
    /// task!(Half = fn half(n: u32) -> Result<u32, String>);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Half>());
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     assert_eq!(executor.try_submit(Half(8))?.result(), Ok(&4));
    ///     assert!(matches!(executor.try_submit(Half(7))?.result(), Err(TaskError::Failed(_))));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub fn try_submit<K>(
        &self,
        task: K,
    ) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        self.enqueue::<K, _>(|| Job::of_fallible(task))
    }

    /// Queues a task, which is encoded only if the pool accepts tasks.
    fn enqueue<K: PortableTask, T>(
        &self,
        encode: impl FnOnce() -> (Option<Job>, Future<T>),
    ) -> Result<Future<T>, SubmitError> {
        self.pool.check::<K>()?;
        let (job, future) = encode();
        if let Some(job) = job {
            self.pool.enqueue(job)?;
        }
        Ok(future)
    }

    /// Rejects further tasks, then cancels pending tasks and waits for the workers, each if `how` says so. Returns whether
    /// all workers have ended.
    ///
    /// Further calls are allowed. In a callback it does not wait, because the callback's thread cannot wait for itself.
    /// Running tasks can learn from [`current`](crate::current) that they are cancelled.
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, Shutdown, serve};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new());
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     if !executor.shutdown(Shutdown::wait().within(Duration::from_secs(10))) {
    ///         executor.kill_workers();
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> bool {
        self.pool.shut_down(how)
    }

    /// Rejects further tasks, cancels those that have not started, and asks all workers to end, with SIGTERM. Does not
    /// wait for them. Tasks that were running fail with [`TaskError::Broken`](crate::TaskError::Broken), unless they
    /// handle the signal. Other programs that a task has started continue.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{BrokenError, ProcessPoolExecutor, Registry, TaskError, serve, task};
    ///
    /// fn forever() {
    ///     loop {
    ///         std::thread::park();
    ///     }
    /// }
    ///
    /// task!(Forever = fn forever());
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Forever>());
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     let future = executor.submit(Forever())?;
    ///     # while !future.running() { std::thread::yield_now(); }
    ///     executor.terminate_workers();
    ///     let Err(TaskError::Broken(BrokenError::Worker { status, .. })) = future.result() else { panic!() };
    ///     assert_eq!(status.unwrap().to_string(), "signal: 15 (SIGTERM)");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Source
    /// `ProcessPoolExecutor.terminate_workers` of Python 3.14.
    pub fn terminate_workers(&self) {
        self.pool.end_workers(Child::terminate);
    }

    /// The same as [`terminate_workers`](Self::terminate_workers) with SIGKILL, which no task can handle.
    ///
    /// # Source
    /// `ProcessPoolExecutor.kill_workers` of Python 3.14.
    pub fn kill_workers(&self) {
        self.pool.end_workers(Child::kill);
    }

    /// Returns the process ids of the workers that are running now.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, serve, task};
    ///
    /// fn pid() -> u32 {
    ///     std::process::id()
    /// }
    ///
    /// task!(Pid = fn pid() -> u32);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Pid>());
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     assert!(executor.worker_pids().is_empty());
    ///     let future = executor.submit(Pid())?;
    ///     let pid = *future.result().map_err(Clone::clone)?;
    ///     assert_eq!(executor.worker_pids(), [pid]);
    ///     Ok(())
    /// }
    /// ```
    pub fn worker_pids(&self) -> Vec<u32> {
        self.pool.worker_pids()
    }
}

impl<K> Executor<K> for ProcessPoolExecutor
where
    K: PortableTask<Output: 'static>,
{
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.submit(task)
    }

    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible<Value: 'static>,
    {
        self.try_submit(task)
    }

    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
        self.enqueue::<K, _>(|| Job::of_chunk(tasks))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        self.shutdown(how)
    }
}

impl Drop for ProcessPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(Shutdown::wait());
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(f)
    }
}
