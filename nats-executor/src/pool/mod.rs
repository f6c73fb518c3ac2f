//! The streams of a pool on the server, and the consumer that its workers share.
//!
//! * `finished`: the tasks that were over last, for servers that forget it

mod finished;

use std::time::Duration;

use async_nats::datetime::DateTime;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};

use crate::error::ConnectError;
use crate::link::Link;
use crate::names::{Names, WORKERS};
use crate::options::NatsOptions;

pub(crate) use finished::Finished;

/// How long the server remembers the id of a message, to drop the same message when it is sent again.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// The number of tasks that all workers together may have.
const MAX_IN_FLIGHT: i64 = 65_536;

/// The number of requests for tasks that may wait at the server. Each worker has a few.
const MAX_WAITING: i64 = 8192;

/// How long the server may take to remove the files of a stream that was deleted.
const REMOVAL_TIME: Duration = Duration::from_secs(1);

/// How often a part of the pool is tried to be created, and the pause between two attempts.
const ATTEMPTS: usize = 3;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// When a stream was created. Another one that takes its place has another time.
pub(crate) type Created = DateTime;

/// The parts of a pool on the server.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    pub(crate) tasks: Stream,
    pub(crate) results: Stream,
    pub(crate) workers: Consumer<pull::Config>,
}

impl Pool {
    /// Returns the pool. Creates what is missing.
    pub(crate) async fn open(
        link: &Link,
        names: &Names,
        options: &NatsOptions,
    ) -> Result<Self, ConnectError> {
        let failed = |error: &dyn std::error::Error| ConnectError::jetstream(&link.url, error);
        let tasks = Config {
            name: names.tasks_stream(),
            subjects: vec![names.tasks("*")],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            max_messages: options.stored_bound,
            max_bytes: options.stored_bytes,
            // A full queue refuses tasks, instead of losing the oldest ones.
            discard: DiscardPolicy::New,
            duplicate_window: DUPLICATE_WINDOW,
            ..Config::default()
        };
        let results = Config {
            name: names.results_stream(),
            subjects: vec![names.results("*")],
            storage: StorageType::File,
            max_age: options.result_age,
            // The server does not accept a longer one.
            duplicate_window: DUPLICATE_WINDOW.min(options.result_age),
            ..Config::default()
        };
        let workers = pull::Config {
            durable_name: Some(WORKERS.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: options.ack_wait,
            // Starts are counted instead: a task that only waited in a worker that died is not to blame.
            max_deliver: -1,
            max_ack_pending: MAX_IN_FLIGHT,
            max_waiting: MAX_WAITING,
            ..pull::Config::default()
        };
        let jetstream = &link.jetstream;
        let tasks = patiently(|| jetstream.get_or_create_stream(tasks.clone())).await;
        let tasks = tasks.map_err(|error| failed(&error))?;
        let results = patiently(|| jetstream.get_or_create_stream(results.clone())).await;
        let results = results.map_err(|error| failed(&error))?;
        let workers = patiently(|| tasks.get_or_create_consumer(WORKERS, workers.clone())).await;
        let workers = workers.map_err(|error| failed(&error))?;
        Ok(Self {
            tasks,
            results,
            workers,
        })
    }

    /// The same as [`open`](Self::open), for a pool that was there before. Creates a stream only when it is missing for a second:
    /// nats-server 2.9 removes the files of a deleted stream later, and with them those of one that has taken its place by then.
    pub(crate) async fn reopen(
        link: &Link,
        names: &Names,
        options: &NatsOptions,
    ) -> Result<Self, ConnectError> {
        for stream in [names.tasks_stream(), names.results_stream()] {
            let found = link.jetstream.get_stream(stream).await;
            if found.is_err_and(|error| matches!(error.kind(), GetStreamErrorKind::JetStream(_))) {
                tokio::time::sleep(REMOVAL_TIME).await;
            }
        }
        Self::open(link, names, options).await
    }

    /// Returns how long the server waits for a sign of life.
    pub(crate) fn ack_wait(&self) -> Duration {
        self.workers.cached_info().config.ack_wait
    }
}

/// Tries to create something, several times: if two programs create the same at the same time, the server may refuse one of them,
/// for reasons such as that its folder cannot be written.
async fn patiently<T, E, F>(mut create: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    for _ in 1..ATTEMPTS {
        if let Ok(created) = create().await {
            return Ok(created);
        }
        tokio::time::sleep(ATTEMPT_PAUSE).await;
    }
    create().await
}
