//! The settings of a worker, and what it reports.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::options::NatsOptions;

/// The settings of a worker.
///
/// ```
/// use nats_executor::{NatsOptions, WorkerOptions};
///
/// let options = WorkerOptions::new()
///     .connection(NatsOptions::new().pool("thumbnails"))
///     .threads(4)
///     .on_event(|event| eprintln!("worker: {event}"));
/// ```
#[derive(Clone)]
#[must_use = "the settings have no effect until they are given to `run_worker`"]
pub struct WorkerOptions {
    pub(crate) connection: NatsOptions,
    pub(crate) threads: Option<usize>,
    pub(crate) run_limit: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) stop: Option<CancellationToken>,
    pub(crate) report: Option<Report>,
}

pub(crate) type Report = Arc<dyn Fn(&WorkerEvent) + Send + Sync>;

/// What happens to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerEvent {
    /// It takes tasks.
    Ready {
        /// The URL, without a password.
        url: String,
        /// The pool.
        pool: String,
        /// The number of threads.
        threads: usize,
    },
    /// The connection is lost. Running tasks go on.
    Disconnected,
    /// The connection is back.
    Reconnected,
    /// A task cannot be dealt with now, or its result cannot be stored now. It is tried again, here or by another worker. Of
    /// several problems within five seconds, one is reported.
    Problem {
        /// The reason.
        message: String,
    },
    /// It takes no more tasks and waits for this many.
    Stopping {
        /// The number of tasks that are running.
        running: usize,
    },
}

impl fmt::Display for WorkerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { url, pool, threads } => {
                write!(
                    f,
                    "takes tasks of the pool '{pool}' from {url}, {threads} at a time"
                )
            }
            Self::Disconnected => f.write_str("the connection is lost, running tasks go on"),
            Self::Reconnected => f.write_str("connected again"),
            Self::Problem { message } => {
                write!(f, "a task is put off: {message}")
            }
            Self::Stopping { running: 0 } => f.write_str("stopping"),
            Self::Stopping { running } => write!(f, "stopping, waits for running tasks: {running}"),
        }
    }
}

/// What a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerReport {
    /// The number of tasks that ended here, with a value or an error.
    pub done: u64,
    /// The number of those whose task panicked, is unknown here, or could not be decoded.
    pub failed: u64,
    /// The number of tasks that were still running when the worker ended. Other workers start them again.
    pub abandoned: usize,
}

impl WorkerOptions {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self {
            connection: NatsOptions::new(),
            threads: None,
            run_limit: None,
            grace: Duration::from_secs(30),
            stop: None,
            report: None,
        }
    }

    /// Sets the pool, the credentials and so on (default: those of [`NatsOptions::new`]).
    pub fn connection(mut self, options: NatsOptions) -> Self {
        self.connection = options;
        self
    }

    /// Sets how many tasks the worker runs at a time, each in a thread of its own (default: the number of processors that this
    /// process may use).
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Sets how long a task may run without reporting progress with
    /// [`report_progress`](concurrent_futures::Current::report_progress) (default: no limit). After that, the worker gives no more
    /// signs of life for it, so another worker starts it again. It is not ended here, because a thread cannot be.
    pub fn run_limit(mut self, limit: Duration) -> Self {
        self.run_limit = Some(limit);
        self
    }

    /// Sets how long a worker that is to stop waits for its running tasks (default: 30 seconds).
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Stops the worker when `stop` is cancelled. By default SIGTERM and SIGINT stop it; with this setting it does not watch for
    /// signals.
    pub fn stop(mut self, stop: CancellationToken) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Calls `report` with what happens to the worker (default: problems are printed to standard error, and nothing else is), in a
    /// thread of its own and in order. It may block: the worker goes on, and events are dropped while 1,024 wait.
    pub fn on_event(mut self, report: impl Fn(&WorkerEvent) + Send + Sync + 'static) -> Self {
        self.report = Some(Arc::new(report));
        self
    }
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WorkerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerOptions")
            .field("connection", &self.connection)
            .field("threads", &self.threads)
            .field("run_limit", &self.run_limit)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
