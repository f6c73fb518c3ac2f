//! The public executor on processes, and its builder.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, thread};

use crate::chunk::Chunk;
use crate::error::{BuildError, SubmitError, TaskError};
use crate::executor::Executor;
use crate::future::Future;
use crate::process::{
    Job, Launcher, Pool, PortableTask, Rules, Settings, encode_task, is_serving, is_unserved_worker,
};
use crate::shutdown::Shutdown;
use crate::task::Fallible;

/// An executor that runs tasks in a bounded number of processes, in the order submitted.
///
/// A worker is this program, started again: `main` must first call [`Registry::serve`](crate::Registry::serve), which
/// does not return in a worker. On Linux it runs the same file, even after another one has taken the program's name, as
/// in an upgrade. Under `cargo test` the program is the test harness;
/// [`command`](ProcessPoolBuilder::command) shows how to start workers there. A worker is started when a task finds no
/// idle one.
///
/// A task's standard output and error are those of this program; its standard input is empty. A panic in a task is
/// caught. This requires `panic = "unwind"`, the default. If a task or its value cannot be sent, only that task fails.
///
/// A worker that is killed, aborts or exits breaks the pool, as in Python: all tasks without a value fail with
/// [`TaskError::Broken`], all workers are stopped and no more tasks are accepted;
/// [`on_crash`](ProcessPoolBuilder::on_crash) changes that. If a worker cannot be started because descriptors, threads or
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
    /// Returns an executor with at most `max_workers` processes. Starts no process yet.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{BuildError, ProcessPoolExecutor, Registry};
    ///
    /// fn main() {
    ///     assert!(matches!(ProcessPoolExecutor::new(4), Err(BuildError::NotServing)));
    ///     Registry::new().serve();
    ///     assert!(ProcessPoolExecutor::new(4).is_ok());
    /// }
    /// ```
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] if `max_workers` is 0, [`BuildError::NotServing`] if `main` has not called
    /// [`Registry::serve`](crate::Registry::serve).
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// Returns a builder for an executor with other settings; see [`ProcessPoolBuilder`].
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
            start_timeout: DEFAULT_START_TIMEOUT,
        }
    }

    /// Queues a task and returns its future. Does not wait for a worker.
    ///
    /// The task is encoded at once and runs even if the future is dropped. If it cannot be encoded, the future fails
    /// with [`TaskError::Encode`]. Once the task is on its way to a worker, it counts as running and cannot be
    /// cancelled.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, Task};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Length(String);
    ///
    /// impl Task for Length {
    ///     type Output = usize;
    ///     const NAME: &'static str = "length";
    ///
    ///     fn run(self) -> usize {
    ///         self.0.len()
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().with::<Length>().serve();
    ///     let executor = ProcessPoolExecutor::new(1)?;
    ///     let future = executor.submit(Length("seventeen".to_owned()))?;
    ///     assert_eq!(future.result(), Ok(&9));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown), [`SubmitError::Broken`] after a worker crashed, an
    /// initializer panicked, or no worker could be started.
    pub fn submit<K: PortableTask>(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.enqueue(|| Job::of(task))
    }

    /// Queues a task that returns a [`Result`]. An `Ok` holds the value of the future, an `Err` becomes
    /// [`TaskError::Failed`]. Does not wait for a worker.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, Task, TaskError};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Half(u32);
    ///
    /// impl Task for Half {
    ///     type Output = Result<u32, String>;
    ///     const NAME: &'static str = "half";
    ///
    ///     fn run(self) -> Self::Output {
    ///         if self.0 % 2 == 0 { Ok(self.0 / 2) } else { Err(format!("{} is odd", self.0)) }
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().with::<Half>().serve();
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
        self.enqueue(|| Job::of_fallible(task))
    }

    /// Queues a task, which is encoded only if the pool accepts tasks.
    fn enqueue<T>(
        &self,
        encode: impl FnOnce() -> (Option<Job>, Future<T>),
    ) -> Result<Future<T>, SubmitError> {
        self.pool.check_open()?;
        let (job, future) = encode();
        if let Some(job) = job {
            self.pool.enqueue(job)?;
        }
        Ok(future)
    }

    /// Rejects further tasks, then cancels pending tasks and waits for the workers, each if `how` says so.
    ///
    /// Further calls are allowed. In a callback it does not wait, because the callback's thread cannot wait for itself.
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
        self.enqueue(|| Job::of_chunk(tasks))
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

/// The reaction of a pool when a worker is killed, aborts or exits.
///
/// ```
/// use concurrent_futures::OnCrash;
///
/// assert_eq!(OnCrash::default(), OnCrash::Break);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCrash {
    /// All tasks without a value fail, and no more tasks are accepted.
    #[default]
    Break,
    /// Only the tasks in flight on that worker fail, and a new worker takes its place. The first crash after `max` of
    /// them breaks the pool.
    Restart {
        /// The number of crashes that the pool tolerates.
        max: usize,
    },
}

/// The settings of a [`ProcessPoolExecutor`] to be built.
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
    start_timeout: Duration,
}

/// Many times what a worker needs on a busy machine, which is milliseconds.
const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(10);

impl ProcessPoolBuilder {
    /// Sets the maximum number of workers at a time (default: the number of processors available to this program).
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().serve();
    ///     let one_after_the_other = ProcessPoolExecutor::builder().max_workers(1).build()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.rules.max_workers = max_workers;
        self
    }

    /// Sets how many tasks a worker runs before a new worker takes its place (default: no limit).
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ExecutorExt, ProcessPoolExecutor, Registry, Task};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct WorkerId;
    ///
    /// impl Task for WorkerId {
    ///     type Output = u32;
    ///     const NAME: &'static str = "worker-id";
    ///
    ///     fn run(self) -> u32 {
    ///         std::process::id()
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().with::<WorkerId>().serve();
    ///     let builder = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(1);
    ///     let executor = builder.build()?;
    ///     let ids = executor.map([WorkerId, WorkerId])?.collect::<Result<Vec<_>, _>>()?;
    ///     assert_ne!(ids[0], ids[1]);
    ///     Ok(())
    /// }
    /// ```
    pub fn max_tasks_per_child(mut self, max_tasks: usize) -> Self {
        self.rules.tasks_per_worker = max_tasks;
        self
    }

    /// Sets how many tasks are in flight to a worker at a time (default: 1). With more than 1 a worker has the next
    /// task at hand when it has finished one, which pays off for short tasks. But these tasks count as running, wait
    /// for each other even if another worker is idle, and are all lost if their worker crashes.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ExecutorExt, ProcessPoolExecutor, Registry, Task};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct WorkerId;
    ///
    /// impl Task for WorkerId {
    ///     type Output = u32;
    ///     const NAME: &'static str = "worker-id";
    ///
    ///     fn run(self) -> u32 {
    ///         std::process::id()
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().with::<WorkerId>().serve();
    ///     let executor = ProcessPoolExecutor::builder().max_workers(1).window(64).build()?;
    ///     let ids = executor.map((0..1000).map(|_| WorkerId))?;
    ///     assert!(ids.map(Result::unwrap).all(|id| id != std::process::id()));
    ///     Ok(())
    /// }
    /// ```
    pub fn window(mut self, tasks: usize) -> Self {
        self.rules.window = tasks;
        self
    }

    /// Sets what happens when a worker is killed, aborts or exits (default: the pool breaks).
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{OnCrash, ProcessPoolExecutor, Registry, Task, TaskError};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Exit(i32);
    ///
    /// impl Task for Exit {
    ///     type Output = ();
    ///     const NAME: &'static str = "exit";
    ///
    ///     fn run(self) {
    ///         if self.0 > 0 {
    ///             std::process::exit(self.0);
    ///         }
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().with::<Exit>().serve();
    ///     let builder = ProcessPoolExecutor::builder().on_crash(OnCrash::Restart { max: 1 });
    ///     let executor = builder.build()?;
    ///     assert!(matches!(executor.submit(Exit(3))?.result(), Err(TaskError::Broken(_))));
    ///     assert_eq!(executor.submit(Exit(0))?.result(), Ok(&()));
    ///     Ok(())
    /// }
    /// ```
    pub fn on_crash(mut self, on_crash: OnCrash) -> Self {
        self.rules.max_restarts = match on_crash {
            OnCrash::Break => 0,
            OnCrash::Restart { max } => max,
        };
        self
    }

    /// Sets a task that each worker runs before its first other task. If it panics, the pool is broken: queued tasks
    /// fail with [`TaskError::Broken`], and no more tasks are accepted.
    ///
    /// ```standalone_crate
    /// use std::sync::OnceLock;
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, Task};
    ///
    /// static GREETING: OnceLock<String> = OnceLock::new();
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct SetUp(String);
    ///
    /// impl Task for SetUp {
    ///     type Output = ();
    ///     const NAME: &'static str = "set-up";
    ///
    ///     fn run(self) {
    ///         GREETING.get_or_init(|| self.0);
    ///     }
    /// }
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Greet;
    ///
    /// impl Task for Greet {
    ///     type Output = Option<String>;
    ///     const NAME: &'static str = "greet";
    ///
    ///     fn run(self) -> Self::Output {
    ///         GREETING.get().cloned()
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     Registry::new().with::<SetUp>().with::<Greet>().serve();
    ///     let builder = ProcessPoolExecutor::builder().initializer(SetUp("good day".to_owned()));
    ///     let executor = builder.build()?;
    ///     assert_eq!(executor.submit(Greet)?.result(), Ok(&Some("good day".to_owned())));
    ///     Ok(())
    /// }
    /// ```
    pub fn initializer<K: PortableTask<Output = ()>>(mut self, task: K) -> Self {
        self.initializer = Some(encode_task(task));
        self
    }

    /// Sets how long a process that was started may take to reach [`Registry::serve`](crate::Registry::serve) (default:
    /// 10 seconds). After that the program is not considered a worker, and the pool is broken with
    /// [`BrokenError::NoWorker`](crate::BrokenError::NoWorker).
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures::ProcessPoolExecutor;
    ///
    /// // For a program that reads a large file before it calls `serve`.
    /// let builder = ProcessPoolExecutor::builder().start_timeout(Duration::from_secs(60));
    /// # drop(builder);
    /// ```
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// Sets the command that starts a worker (default: this program, without arguments). The program must call
    /// [`Registry::serve`](crate::Registry::serve). One more argument, appended as the last, marks the process as a
    /// worker, and its standard input becomes the connection to this process. The worker counts as ended when the process
    /// that the command started ends: a script must `exec` the program.
    ///
    /// In tests the program is the test harness. Let it run a single test, which becomes the worker:
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

    /// Returns the executor. Starts no worker yet.
    ///
    /// ```
    /// use concurrent_futures::{BuildError, ProcessPoolExecutor};
    ///
    /// let builder = ProcessPoolExecutor::builder().window(0);
    /// assert!(matches!(builder.build(), Err(BuildError::NoWindow)));
    /// ```
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`], [`BuildError::NoTasksPerChild`] and [`BuildError::NoWindow`] if the setting is 0;
    /// [`BuildError::NotServing`] if `main` has not called [`Registry::serve`](crate::Registry::serve) and no other
    /// command is set, and always in a worker that has not called it; [`BuildError::NoProgram`] if the path of this
    /// program cannot be determined; [`BuildError::Initializer`] if the initializer cannot be encoded.
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
        if is_unserved_worker() {
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
            start_timeout: self.start_timeout,
        };
        Ok(ProcessPoolExecutor {
            pool: Pool::new(settings),
        })
    }
}

/// Returns the command that starts this program again.
///
/// # Errors
/// [`BuildError::NotServing`] if `main` has not called `serve`: the worker would continue in `main`, build a pool and
/// start workers, which would do the same. [`BuildError::NoProgram`] if the path of this program cannot be determined.
fn this_program() -> Result<Command, BuildError> {
    if !is_serving() {
        return Err(BuildError::NotServing);
    }
    let program = std::env::current_exe().map_err(BuildError::NoProgram)?;
    Ok(same_file(program))
}

/// Returns a command that runs the file of this program, even if another file has taken its name: a worker of another
/// version would compute other values, or not understand its tasks.
#[cfg(target_os = "linux")]
fn same_file(program: PathBuf) -> Command {
    use std::os::unix::process::CommandExt;

    let mut command = Command::new("/proc/self/exe");
    command.arg0(program);
    command
}

/// Returns a command that runs the file of this name. Only Linux can start the file that this program runs.
#[cfg(not(target_os = "linux"))]
fn same_file(program: PathBuf) -> Command {
    Command::new(program)
}
