//! Where the workers of a run on other machines get their tasks.
//!
//! * `watch`: how many threads the workers of a pool have while a run is in progress (feature `nats`)

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "nats")]
mod watch;

#[cfg(feature = "nats")]
pub use watch::PoolWatch;

/// The URL of a NATS server, or several of a cluster separated by commas. `Debug` leaves out users and passwords.
///
/// ```
/// use harness::NatsUrl;
///
/// let url: NatsUrl = "nats://user:secret@host:4222".parse().unwrap();
/// assert_eq!(format!("{url:?}"), "\"...@host:4222\"");
/// assert_eq!(url.as_str(), "nats://user:secret@host:4222");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NatsUrl(String);

impl NatsUrl {
    /// Returns the URL, with the password if it has one.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NatsUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "" => Err("must not be empty"),
            url => Ok(Self(url.to_owned())),
        }
    }
}

impl fmt::Debug for NatsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.rsplit_once('@') {
            Some((_, host)) => write!(f, "{:?}", format!("...@{host}")),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// A pool of workers at a NATS server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The URL of the server.
    pub url: NatsUrl,
    /// The name of the pool.
    pub pool: String,
    /// The file with the credentials of an account, if any.
    pub credentials: Option<PathBuf>,
    /// The file with the certificates of the authorities that may sign the server's, if any.
    pub authorities: Option<PathBuf>,
}

#[cfg(feature = "nats")]
mod connection {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use concurrent_futures::Registry;
    use nats_executor::{
        ConnectError, NatsExecutor, NatsOptions, PoolMonitor, WorkerError, WorkerOptions,
        WorkerReport, WorkerState, run_worker,
    };
    use tokio_util::sync::CancellationToken;

    use super::Cluster;

    /// How long workers have to answer before a run.
    const PATIENCE: Duration = Duration::from_millis(300);

    /// Counts the workers.
    pub(crate) struct Counter(PoolMonitor);

    impl Counter {
        /// Returns the workers that answer. Blocks for a third of a second.
        ///
        /// # Errors
        /// [`ConnectError`], if the question cannot be sent.
        pub(crate) fn workers(&self) -> Result<Vec<WorkerState>, ConnectError> {
            self.0.workers(PATIENCE)
        }
    }

    /// Returns the number of threads of all these workers.
    pub(crate) fn threads_of(workers: &[WorkerState]) -> usize {
        workers.iter().map(|worker| worker.threads).sum()
    }

    impl Cluster {
        fn options(&self) -> NatsOptions {
            let mut options = NatsOptions::new().pool(&self.pool);
            if let Some(file) = &self.credentials {
                options = options.credentials(file);
            }
            if let Some(file) = &self.authorities {
                options = options.root_certificates(file);
            }
            options
        }

        /// Connects to the server, to give tasks to the workers.
        ///
        /// # Errors
        /// [`ConnectError`], if there is no connection, or the server does not store tasks.
        pub fn connect(&self) -> Result<NatsExecutor, ConnectError> {
            NatsExecutor::connect(self.url.as_str(), self.options())
        }

        /// Returns the number of threads of all workers that answer, or `None` if there are none. Blocks for a third of a second.
        ///
        /// # Errors
        /// [`ConnectError`], if there is no connection.
        pub fn threads(&self) -> Result<Option<NonZeroUsize>, ConnectError> {
            let workers = self.counter().and_then(|counter| counter.workers());
            workers.map(|workers| NonZeroUsize::new(threads_of(&workers)))
        }

        /// Connects to the server, to count the workers.
        ///
        /// # Errors
        /// [`ConnectError`], if there is no connection.
        pub(crate) fn counter(&self) -> Result<Counter, ConnectError> {
            PoolMonitor::connect(self.url.as_str(), &self.options()).map(Counter)
        }

        /// Runs tasks of the registry until `stop` is cancelled. Calls `report` with what happens to the worker, in words.
        ///
        /// # Errors
        /// [`WorkerError`], if the worker cannot connect or start.
        pub fn work(
            &self,
            registry: Registry,
            threads: Option<NonZeroUsize>,
            stop: CancellationToken,
            report: impl Fn(&str) + Send + Sync + 'static,
        ) -> Result<WorkerReport, WorkerError> {
            let mut options = WorkerOptions::new()
                .connection(self.options())
                .stop(stop)
                .on_event(move |event| report(&event.to_string()));
            if let Some(threads) = threads {
                options = options.threads(threads.get());
            }
            run_worker(self.url.as_str(), registry, options)
        }
    }
}
