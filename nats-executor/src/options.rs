//! The settings of a connection and of a pool.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings of a connection to the server, and of the pool of workers that it is for. Executors and workers of one pool use
/// the same name.
///
/// ```
/// use std::time::Duration;
/// use nats_executor::NatsOptions;
///
/// let options = NatsOptions::new()
///     .pool("thumbnails")
///     .credentials("/etc/nats/thumbnails.creds")
///     .task_timeout(Duration::from_secs(600));
/// ```
#[derive(Debug, Clone)]
#[must_use = "the settings have no effect until they are given to `connect` or `run_worker`"]
pub struct NatsOptions {
    pub(crate) pool: String,
    pub(crate) credentials: Option<PathBuf>,
    pub(crate) root_certificates: Option<PathBuf>,
    pub(crate) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) connect_timeout: Duration,
    pub(crate) unreachable_after: Duration,
    pub(crate) ack_wait: Duration,
    pub(crate) max_starts: u32,
    pub(crate) stored_bound: i64,
    pub(crate) stored_bytes: i64,
    pub(crate) queue_bound: usize,
    pub(crate) unsent_bound: usize,
    pub(crate) result_age: Duration,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) max_bytes: usize,
}

impl NatsOptions {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self {
            pool: "default".to_owned(),
            credentials: None,
            root_certificates: None,
            client_certificate: None,
            connect_timeout: Duration::from_secs(5),
            unreachable_after: Duration::from_secs(30),
            ack_wait: Duration::from_secs(10),
            max_starts: 5,
            stored_bound: 1_000_000,
            stored_bytes: -1,
            queue_bound: 10_000,
            unsent_bound: 256 << 20,
            result_age: Duration::from_secs(3600),
            task_timeout: None,
            max_bytes: 256 << 20,
        }
    }

    /// Sets the name of the pool: up to 32 letters, digits, `-` and `_` (default: `default`). An executor gives its tasks to the
    /// workers of its pool only.
    pub fn pool(mut self, name: impl Into<String>) -> Self {
        self.pool = name.into();
        self
    }

    /// Sets the file with the credentials of a NATS account (default: none). A user with a password, or a token, is a part of
    /// the URL: `nats://user:password@host`.
    pub fn credentials(mut self, file: impl AsRef<Path>) -> Self {
        self.credentials = Some(file.as_ref().to_owned());
        self
    }

    /// Sets the file with the certificates, in PEM, of the authorities that may sign the certificate of the server (default: those
    /// that the system trusts). Requires TLS, as `tls://` in the URL does.
    pub fn root_certificates(mut self, file: impl AsRef<Path>) -> Self {
        self.root_certificates = Some(file.as_ref().to_owned());
        self
    }

    /// Sets the files with the certificate and the key, in PEM, that the server may ask for (default: none).
    pub fn client_certificate(
        mut self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Self {
        let files = (certificate.as_ref().to_owned(), key.as_ref().to_owned());
        self.client_certificate = Some(files);
        self
    }

    /// Sets how long the first connection may take (default: 5 seconds), and opening the pool after that.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long a lost connection is waited for (default: 30 seconds), or a server that is connected but does not do what a pool
    /// needs. After that, all tasks without an outcome fail, and further ones are refused until the server can be used again.
    /// Workers wait without a limit.
    pub fn unreachable_after(mut self, limit: Duration) -> Self {
        self.unreachable_after = limit;
        self
    }

    /// Sets how long the server waits for a sign of life from the worker of a task before it gives the task to another one
    /// (default: 10 seconds, at least 1 second). A worker sends three in that time. The first executor or worker of a pool
    /// decides; later ones take over its value.
    pub fn ack_wait(mut self, wait: Duration) -> Self {
        self.ack_wait = wait.max(Duration::from_secs(1));
        self
    }

    /// Sets how often a task is started, at least once, before it counts as lost (default: 5). A task that ends its worker is
    /// started by another one after [`ack_wait`](Self::ack_wait), so without a limit it would end them all. A first start that ends
    /// the worker within some milliseconds is not counted. The workers decide.
    pub fn max_starts(mut self, starts: u32) -> Self {
        self.max_starts = starts.max(1);
        self
    }

    /// Sets how many tasks of all executors the server stores (default: 1,000,000). Submitting waits while there are more. The
    /// first executor or worker of a pool decides.
    pub fn stored_bound(mut self, tasks: u32) -> Self {
        self.stored_bound = i64::from(tasks.max(1));
        self
    }

    /// Sets how many bytes of tasks the server stores, of all executors, without what goes through the object store (default: no
    /// limit of the pool's own). Submitting waits while there are more, and fails after
    /// [`unreachable_after`](Self::unreachable_after). The server sets this much of its store aside. The first executor or worker
    /// of a pool decides.
    ///
    /// If tasks fill the store of the server, there is no room for results, and so no task ends until one is cancelled or times
    /// out. With this limit that cannot happen.
    pub fn stored_bytes(mut self, bytes: u64) -> Self {
        self.stored_bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self
    }

    /// Sets how many tasks of one executor may be without an outcome (default: 10,000). Submitting another one waits.
    pub fn queue_bound(mut self, tasks: usize) -> Self {
        self.queue_bound = tasks.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Sets how many bytes of tasks may be here that the server has not stored yet (default: 256 MiB). Submitting another task
    /// waits; one that is larger than this waits until there are no others.
    pub fn unsent_bound(mut self, bytes: usize) -> Self {
        self.unsent_bound = bytes;
        self
    }

    /// Sets how long the server keeps a result that its executor does not take, because the executor has ended or is out of reach
    /// (default: 1 hour, at least 1 second). If that was too short, the task fails with
    /// [`DistanceError::MayHaveRun`](concurrent_futures::DistanceError::MayHaveRun). The first executor or worker of a pool
    /// decides.
    pub fn result_age(mut self, age: Duration) -> Self {
        self.result_age = age.max(Duration::from_secs(1));
        self
    }

    /// Sets how long a task may be without an outcome, the time in the queue included (default: no limit). Then it fails with
    /// [`DistanceError::TimedOut`](concurrent_futures::DistanceError::TimedOut) and is withdrawn.
    pub fn task_timeout(mut self, limit: Duration) -> Self {
        self.task_timeout = Some(limit);
        self
    }

    /// Sets how many bytes a task and its value may have, each (default: 256 MiB). What does not fit in a message, of 1 MiB on most
    /// servers, goes through the object store.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }
}

impl Default for NatsOptions {
    fn default() -> Self {
        Self::new()
    }
}
