//! An executor on processes, as its users see it: what can be set, submitted and shut down.

use std::process::Command;
use std::sync::Arc;
use std::{fmt, thread};

use crate::chunk::Chunk;
use crate::error::{BuildError, SubmitError, TaskError};
use crate::executor::Executor;
use crate::future::Future;
use crate::process::{
    Job, Launcher, Pool, PortableTask, Rules, Settings, encode_task, is_astray, is_serving,
};
use crate::shutdown::Shutdown;
use crate::task::Fallible;

/// Runs tasks in at most so many processes, in the order submitted.
///
/// A worker is this very program, started again: `main` must first call [`Registry::serve`](crate::Registry::serve), where
/// a worker stays. Under `cargo test` the program is the test harness; [`command`](ProcessPoolBuilder::command) tells how
/// to do it there. Workers are started one by one as tasks come and find no idle one.
///
/// A task's standard output and error are those of this program, its standard input is empty. A panic is caught, so it
/// needs `panic = "unwind"`, the default. A task that cannot be sent, or whose value cannot, fails alone.
///
/// A worker that is killed, aborts or exits breaks the pool, as in Python: all tasks without a value fail with
/// [`TaskError::Broken`](crate::TaskError::Broken), all workers are ended and no more tasks are taken;
/// [`on_crash`](ProcessPoolBuilder::on_crash) changes that. When this program is killed its workers end at once, even in
/// the middle of a task.
///
/// Callbacks of futures run in the thread that reads from the worker. They must not wait for another task of this pool,
/// whose outcome may be the next thing to be read there.
///
/// Dropping the executor waits for all tasks, as leaving Python's `with` block does. Not on Windows, where a socket cannot
/// be handed to a new process in safe Rust.
///
/// ```standalone_crate
/// use concurrent_futures::{ProcessPoolExecutor, Registry, Task};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct IsPrime(u64);
///
/// impl Task for IsPrime {
///     type Output = bool;
///     const NAME: &'static str = "is-prime";
///
///     fn run(self) -> bool {
///         let Self(n) = self;
///         n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d > 0)
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     Registry::new().with::<IsPrime>().serve();
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
    /// An executor with at most `max_workers` processes.
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] for 0, [`BuildError::NotServing`] when `main` has not called
    /// [`Registry::serve`](crate::Registry::serve).
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// An executor to be described further.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{OnCrash, ProcessPoolExecutor, Registry, Shutdown};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().serve();
    ///
    ///     let executor = ProcessPoolExecutor::builder()
    ///         .max_workers(8)
    ///         .max_tasks_per_child(1000)
    ///         .window(64)
    ///         .on_crash(OnCrash::Restart { max: 3 })
    ///         .build()?;
    ///     executor.shutdown(Shutdown::wait());
    ///     Ok(())
    /// }
    /// ```
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder {
            rules: Rules {
                max_workers: thread::available_parallelism().map_or(1, Into::into),
                window: 1,
                tasks_per_worker: usize::MAX,
                max_restarts: 0,
            },
            command: None,
            initializer: None,
        }
    }

    /// Queues a task; the future is its handle. Never waits for a worker.
    ///
    /// The task is written at once and runs even if the future is thrown away. If it cannot be written, the future fails
    /// with [`TaskError::Encode`](crate::TaskError::Encode). It counts as running, and cannot be cancelled, from when it is
    /// on its way to a worker.
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown), [`SubmitError::Broken`] after a worker crashed, an
    /// initializer panicked or not even one worker could be started.
    pub fn submit<K: PortableTask>(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.queue_up(|| Job::of(task))
    }

    /// Queues a task that may fail: its error becomes [`TaskError::Failed`], and its value that of the future.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn try_submit<K>(
        &self,
        task: K,
    ) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        self.queue_up(|| Job::of_fallible(task))
    }

    /// Nothing is written for a pool that would not take it.
    fn queue_up<T>(
        &self,
        written: impl FnOnce() -> (Option<Job>, Future<T>),
    ) -> Result<Future<T>, SubmitError> {
        self.pool.check_open()?;
        let (job, future) = written();
        if let Some(job) = job {
            self.pool.queue_up(job)?;
        }
        Ok(future)
    }

    /// Takes no more tasks, and waits for and cancels what `how` says.
    ///
    /// May be called again. A callback that calls it cannot wait for itself and returns at once.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, Shutdown};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().serve();
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     executor.shutdown(Shutdown::wait());
    ///     executor.shutdown(Shutdown::wait().cancel_pending());
    ///     Ok(())
    /// }
    /// ```
    pub fn shutdown(&self, how: Shutdown) {
        self.pool.shut_down(how.waits(), how.cancels_pending());
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
        self.queue_up(|| Job::of_chunk(tasks))
    }

    fn shutdown(&self, how: Shutdown) {
        self.shutdown(how);
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

/// What a pool does when a worker is killed, aborts or exits.
///
/// ```
/// use concurrent_futures::OnCrash;
///
/// assert_eq!(OnCrash::default(), OnCrash::Break);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCrash {
    /// All tasks without a value fail, and no more are taken.
    #[default]
    Break,
    /// Only the tasks in flight on that worker fail, and another one takes its place; the crash after `max` of them breaks
    /// the pool.
    Restart {
        /// So many crashes the pool puts up with.
        max: usize,
    },
}

/// A pool yet to be built.
///
/// ```
/// use concurrent_futures::{BuildError, ProcessPoolExecutor};
///
/// let error = ProcessPoolExecutor::builder().max_workers(0).build().unwrap_err();
/// assert!(matches!(error, BuildError::NoWorkers));
/// ```
#[must_use = "a builder builds nothing until `build` is called"]
#[derive(Debug)]
pub struct ProcessPoolBuilder {
    rules: Rules,
    command: Option<Command>,
    initializer: Option<Result<Vec<u8>, TaskError>>,
}

impl ProcessPoolBuilder {
    /// The most workers there will ever be at a time (default: the processors this program may use).
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.rules.max_workers = max_workers;
        self
    }

    /// How many tasks a worker runs before another one takes its place (default: no limit).
    pub fn max_tasks_per_child(mut self, max_tasks: usize) -> Self {
        self.rules.tasks_per_worker = max_tasks;
        self
    }

    /// How many tasks are on their way to a worker at a time (default: 1). With more of them a worker has the next task
    /// at hand when it is done with one, which pays for short tasks; but they count as running, wait for each other even
    /// if another worker is idle, and are all lost with their worker.
    pub fn window(mut self, tasks: usize) -> Self {
        self.rules.window = tasks;
        self
    }

    /// What happens when a worker is killed, aborts or exits (default: the pool breaks).
    pub fn on_crash(mut self, on_crash: OnCrash) -> Self {
        self.rules.max_restarts = match on_crash {
            OnCrash::Break => 0,
            OnCrash::Restart { max } => max,
        };
        self
    }

    /// Run in each worker before its first task. If it panics the pool is broken: what is queued fails with
    /// [`TaskError::Broken`], and nothing more is taken.
    pub fn initializer<K: PortableTask<Output = ()>>(mut self, task: K) -> Self {
        self.initializer = Some(encode_task(task));
        self
    }

    /// How a worker is started (default: this program, without arguments). The program must call
    /// [`Registry::serve`](crate::Registry::serve); one more argument, added as the last, tells it that it is a worker, and
    /// its standard input becomes the way to talk to it.
    ///
    /// For tests: the harness, which is the program there, runs one test, and in it the worker.
    ///
    /// ```no_run
    /// use std::process::{Command, Stdio};
    /// use concurrent_futures::{ProcessPoolExecutor, Registry};
    ///
    /// #[test]
    /// fn worker() {
    ///     Registry::new().serve();
    /// }
    ///
    /// let mut command = Command::new(std::env::current_exe()?);
    /// command.args(["worker", "--exact", "--test-threads=1"]).stdout(Stdio::null());
    /// let executor = ProcessPoolExecutor::builder().command(command).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn command(mut self, command: Command) -> Self {
        self.command = Some(command);
        self
    }

    /// The executor. No worker is started yet.
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`], [`BuildError::NoTasksPerChild`] and [`BuildError::NoWindow`] when one of them is 0;
    /// [`BuildError::NotServing`] when `main` has not called [`Registry::serve`](crate::Registry::serve), unless another
    /// command is given, and always in a worker that has not; [`BuildError::NoProgram`] when it cannot be said what program this is;
    /// [`BuildError::Initializer`] when that cannot be written.
    pub fn build(self) -> Result<ProcessPoolExecutor, BuildError> {
        let Rules {
            max_workers,
            window,
            tasks_per_worker,
            ..
        } = self.rules;
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if tasks_per_worker == 0 {
            return Err(BuildError::NoTasksPerChild);
        }
        if window == 0 {
            return Err(BuildError::NoWindow);
        }
        if is_astray() {
            return Err(BuildError::NotServing);
        }
        let command = self.command.map_or_else(this_program, Ok)?;
        let settings = Settings {
            rules: self.rules,
            launcher: Launcher::new(command),
            initializer: self
                .initializer
                .transpose()
                .map_err(BuildError::Initializer)?,
        };
        Ok(ProcessPoolExecutor {
            pool: Pool::new(settings),
        })
    }
}

/// Without `serve` the worker would go on in `main`, build a pool and start workers, which would do the same.
fn this_program() -> Result<Command, BuildError> {
    if !is_serving() {
        return Err(BuildError::NotServing);
    }
    let program = std::env::current_exe().map_err(BuildError::NoProgram)?;
    Ok(Command::new(program))
}
