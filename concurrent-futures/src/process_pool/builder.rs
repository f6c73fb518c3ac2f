//! The settings of an executor on processes, and its construction.

use std::process::Command;
use std::thread;
use std::time::Duration;

use multiprocessing::{Frame, LaunchError, Launcher, Role, served};
use portable_task::{PortableTask, Registry, RemoteError};

use super::executor::ProcessPoolExecutor;
use super::job::encode_task;
use super::pool::Settings;
use super::scheduler::Rules;
use crate::error::{BuildError, TaskError};

impl ProcessPoolExecutor {
    /// Returns an executor with at most `max_workers` processes. Starts no process yet.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{BuildError, ProcessPoolExecutor, Registry, serve};
    ///
    /// fn main() {
    ///     assert!(matches!(ProcessPoolExecutor::new(4), Err(BuildError::NotServing)));
    ///     serve(Registry::new());
    ///     assert!(ProcessPoolExecutor::new(4).is_ok());
    /// }
    /// ```
    ///
    /// # Errors
    /// [`BuildError::NoWorkers`] if `max_workers` is 0, [`BuildError::NotServing`] if `main` has not called
    /// [`serve`](crate::serve).
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// Returns a builder for an executor with other settings; see [`ProcessPoolBuilder`].
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{OnCrash, ProcessPoolExecutor, Registry, Shutdown, serve};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new());
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
        ProcessPoolBuilder::default()
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
#[non_exhaustive]
pub enum OnCrash {
    /// All tasks without a value fail, and no more tasks are accepted.
    #[default]
    Break,
    /// Only the tasks in flight on that worker fail, and a new worker takes its place. Crash number `max + 1`
    /// breaks the pool.
    Restart {
        /// The number of crashes that the pool tolerates. A worker that ends before it has taken a task counts as well, and
        /// is replaced at once: with a very large number, a program that always ends early is started again and again.
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
    initializer: Option<Initializer>,
    start_timeout: Duration,
    process_group: bool,
}

#[derive(Debug)]
struct Initializer {
    frame: Result<Vec<u8>, TaskError>,
    /// Checks that a registry has the task.
    check: fn(&Registry) -> Result<(), RemoteError>,
}

/// Many times what a worker needs on a busy machine, which is milliseconds.
const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(10);

impl Default for ProcessPoolBuilder {
    fn default() -> Self {
        Self {
            rules: Rules {
                max_workers: thread::available_parallelism().map_or(1, Into::into),
                window: 1,
                tasks_per_worker: usize::MAX,
                max_restarts: 0,
                queue_bound: None,
            },
            command: None,
            initializer: None,
            start_timeout: DEFAULT_START_TIMEOUT,
            process_group: false,
        }
    }
}

impl ProcessPoolBuilder {
    /// Sets the maximum number of workers at a time (default: the number of processors available to this program).
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, serve};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new());
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
    /// use concurrent_futures::{ExecutorExt, ProcessPoolExecutor, Registry, serve, task};
    ///
    /// fn worker_id() -> u32 {
    ///     std::process::id()
    /// }
    ///
    /// task!(WorkerId = fn worker_id() -> u32);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<WorkerId>());
    ///     let builder = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(1);
    ///     let executor = builder.build()?;
    ///     let ids = executor.map([WorkerId(), WorkerId()])?.collect::<Result<Vec<_>, _>>()?;
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
    /// use concurrent_futures::{ExecutorExt, ProcessPoolExecutor, Registry, serve, task};
    ///
    /// fn worker_id() -> u32 {
    ///     std::process::id()
    /// }
    ///
    /// task!(WorkerId = fn worker_id() -> u32);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<WorkerId>());
    ///     let executor = ProcessPoolExecutor::builder().max_workers(1).window(64).build()?;
    ///     let ids = executor.map((0..1000).map(|_| WorkerId()))?;
    ///     assert!(ids.map(Result::unwrap).all(|id| id != std::process::id()));
    ///     Ok(())
    /// }
    /// ```
    pub fn window(mut self, tasks: usize) -> Self {
        self.rules.window = tasks;
        self
    }

    /// Sets how many tasks may be queued (default: no limit). While the queue is full, `submit` waits for a task to leave
    /// it. In a callback, which runs in a thread of the pool, it returns [`SubmitError::QueueFull`](crate::SubmitError::QueueFull) instead.
    /// A cancelled task keeps its place until a worker reaches it.
    ///
    /// A queued task occupies its encoding and some 200 bytes. So a program that produces tasks faster than they run
    /// needs a bound.
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, serve, task};
    ///
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// task!(Square = fn square(n: u64) -> u64);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Square>());
    ///     let executor = ProcessPoolExecutor::builder().max_workers(2).queue_bound(100).build()?;
    ///     let mut futures = Vec::new();
    ///     for n in 0..1000 {
    ///         futures.push(executor.submit(Square(n))?); // waits while 100 are queued
    ///     }
    ///     assert_eq!(futures[999].result(), Ok(&998_001));
    ///     Ok(())
    /// }
    /// ```
    pub fn queue_bound(mut self, tasks: usize) -> Self {
        self.rules.queue_bound = Some(tasks);
        self
    }

    /// Puts each worker into a process group of its own.
    ///
    /// Ctrl-C in a terminal sends SIGINT to all processes of the foreground group. By default the workers are in the group
    /// of this program: Ctrl-C ends them, and if this program handles the signal and continues, its pool is broken. In
    /// groups of their own they do not receive the signal: this program can let the tasks finish, or call
    /// [`terminate_workers`](ProcessPoolExecutor::terminate_workers). When it ends, they end with it all the same. Ctrl-Z
    /// does not reach them either: they continue their tasks while this program is stopped.
    ///
    /// ```
    /// use concurrent_futures::ProcessPoolExecutor;
    ///
    /// let builder = ProcessPoolExecutor::builder().process_group();
    /// # drop(builder);
    /// ```
    pub fn process_group(mut self) -> Self {
        self.process_group = true;
        self
    }

    /// Sets what happens when a worker is killed, aborts or exits (default: the pool breaks).
    ///
    /// ```standalone_crate
    /// use concurrent_futures::{OnCrash, ProcessPoolExecutor, Registry, TaskError, serve, task};
    ///
    /// fn exit(status: i32) {
    ///     if status > 0 {
    ///         std::process::exit(status);
    ///     }
    /// }
    ///
    /// task!(Exit = fn exit(status: i32));
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Exit>());
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
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, serve, task};
    ///
    /// static GREETING: OnceLock<String> = OnceLock::new();
    ///
    /// fn set_up(greeting: String) {
    ///     GREETING.get_or_init(|| greeting);
    /// }
    ///
    /// task!(SetUp = fn set_up(greeting: String));
    ///
    /// fn greet() -> Option<String> {
    ///     GREETING.get().cloned()
    /// }
    ///
    /// task!(Greet = fn greet() -> Option<String>);
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<SetUp>().with::<Greet>());
    ///     let builder = ProcessPoolExecutor::builder().initializer(SetUp("good day".to_owned()));
    ///     let executor = builder.build()?;
    ///     assert_eq!(executor.submit(Greet())?.result(), Ok(&Some("good day".to_owned())));
    ///     Ok(())
    /// }
    /// ```
    pub fn initializer<K: PortableTask<Output = ()>>(mut self, task: K) -> Self {
        self.initializer = Some(Initializer {
            frame: encode_task(task).map(Frame::into_bytes),
            check: Registry::check::<K>,
        });
        self
    }

    /// Sets how long a process that was started may take to reach [`serve`](crate::serve) (default:
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
    /// [`serve`](crate::serve). One more argument, appended as the last, marks the process as a
    /// worker, and its standard input becomes the connection to this process. The worker counts as ended when the process
    /// that the command started ends: a script must `exec` the program. A program that ends without having called `serve` is
    /// reported as a worker that ended, with its exit status.
    ///
    /// In tests the program is the test harness. Let it run a single test, which becomes the worker:
    ///
    /// ```no_run
    /// use std::process::{Command, Stdio};
    /// use concurrent_futures::{ProcessPoolExecutor, Registry, serve};
    ///
    /// #[test]
    /// fn worker() {
    ///     serve(Registry::new());
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
    /// [`BuildError::NoWorkers`], [`BuildError::NoTasksPerChild`], [`BuildError::NoWindow`] and [`BuildError::NoQueue`] if
    /// the setting is 0;
    /// [`BuildError::NotServing`] if `main` has not called [`serve`](crate::serve) and no other
    /// command is set, and always in a worker that has not called it; [`BuildError::NoProgram`] if the path of this
    /// program cannot be determined; [`BuildError::Initializer`] if the initializer cannot be encoded or is not
    /// registered.
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
        if self.rules.queue_bound == Some(0) {
            return Err(BuildError::NoQueue);
        }
        let registry = match self.command {
            Some(_) => None,
            None => served(),
        };
        let launcher = match self.command {
            Some(command) => Launcher::new(command, Role::Worker),
            None => Launcher::this_program(Role::Worker),
        };
        let mut launcher = launcher.map_err(|error| match error {
            LaunchError::NoProgram(error) => BuildError::NoProgram(error),
            _ => BuildError::NotServing,
        })?;
        if self.process_group {
            launcher = launcher.process_group();
        }
        let initializer = self.initializer.map(|initializer| {
            if let Some(registry) = registry {
                (initializer.check)(registry)?;
            }
            initializer.frame
        });
        Ok(ProcessPoolExecutor::with(Settings {
            rules: self.rules,
            launcher,
            registry,
            initializer: initializer.transpose().map_err(BuildError::Initializer)?,
            start_timeout: self.start_timeout,
        }))
    }
}
