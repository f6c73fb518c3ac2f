//! What a pool is doing: its queue, its workers, and how fast it goes.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::runtime::{self, Runtime};

use crate::error::{ConnectError, chain};
use crate::link::Link;
use crate::names::{Names, WORKERS};
use crate::options::NatsOptions;
use crate::roll_call::WorkerState;

/// A connection that watches a pool, and changes nothing there.
#[derive(Debug)]
pub struct PoolMonitor {
    runtime: Runtime,
    link: Link,
    names: Names,
    pool: String,
}

/// What a pool is doing at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The name of the pool.
    pub pool: String,
    /// The number of tasks that no worker has.
    pub queued: u64,
    /// The number of tasks that workers have.
    pub in_flight: u64,
    /// The number of those that were delivered before.
    pub redelivered: u64,
    /// The number of tasks that have left the queue since it was created: ended or withdrawn.
    pub finished: u64,
    /// The size of the queue in bytes.
    pub bytes: u64,
    /// The workers that have answered, by name.
    pub workers: Vec<WorkerState>,
}

impl PoolStatus {
    /// Returns the status of an empty pool, for tests of what shows one.
    pub fn new(pool: impl Into<String>) -> Self {
        Self {
            pool: pool.into(),
            queued: 0,
            in_flight: 0,
            redelivered: 0,
            finished: 0,
            bytes: 0,
            workers: Vec::new(),
        }
    }

    /// Returns the status with these workers.
    pub fn with_workers(self, workers: Vec<WorkerState>) -> Self {
        Self { workers, ..self }
    }
}

impl PoolMonitor {
    /// Connects. Blocks until the server has answered, at most for [`connect_timeout`](NatsOptions::connect_timeout).
    ///
    /// # Errors
    /// [`ConnectError`], if there is no connection.
    pub fn connect(url: &str, options: &NatsOptions) -> Result<Self, ConnectError> {
        let names = Names::of(&options.pool);
        let names = names.ok_or_else(|| ConnectError::PoolName(options.pool.clone()))?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ConnectError::Thread)?;
        let link = runtime.block_on(Link::connect(url, options))?;
        Ok(Self {
            runtime,
            link,
            names,
            pool: options.pool.clone(),
        })
    }

    /// Asks the server and all workers. Blocks for `patience`, because it is unknown how many workers answer, and then until the
    /// server has answered, for at most ten seconds.
    ///
    /// # Errors
    /// [`ConnectError`], if the server has no such pool, or does not answer.
    pub fn status(&self, patience: Duration) -> Result<PoolStatus, ConnectError> {
        self.runtime.block_on(async {
            let workers = roll_call(&self.link, &self.names, patience).await?;
            let failed = |error: &dyn std::error::Error| ConnectError::NoPool {
                url: self.link.url.to_string(),
                pool: self.pool.clone(),
                message: chain(error),
            };
            let stream = self
                .link
                .jetstream
                .get_stream(self.names.tasks_stream())
                .await;
            let stream = stream.map_err(|error| failed(&error))?;
            let consumer = stream.consumer_info(WORKERS).await;
            let consumer = consumer.map_err(|error| failed(&error))?;
            let state = &stream.cached_info().state;
            let count = |n| u64::try_from(n).unwrap_or(u64::MAX);
            let in_flight = count(consumer.num_ack_pending);
            Ok(PoolStatus {
                pool: self.pool.clone(),
                queued: state.messages.saturating_sub(in_flight),
                in_flight,
                redelivered: count(consumer.num_redelivered),
                finished: state.last_sequence.saturating_sub(state.messages),
                bytes: state.bytes,
                workers,
            })
        })
    }

    /// Returns the workers that answer within `patience`, by name. There need not be a pool yet.
    ///
    /// # Errors
    /// [`ConnectError`], if the question cannot be sent.
    pub fn workers(&self, patience: Duration) -> Result<Vec<WorkerState>, ConnectError> {
        let workers = roll_call(&self.link, &self.names, patience);
        self.runtime.block_on(workers)
    }
}

async fn roll_call(
    link: &Link,
    names: &Names,
    patience: Duration,
) -> Result<Vec<WorkerState>, ConnectError> {
    let failed = |error: &dyn std::error::Error| ConnectError::Unreachable {
        url: link.url.to_string(),
        message: chain(error),
    };
    let inbox = link.client.new_inbox();
    let answers = link.client.subscribe(inbox.clone()).await;
    let mut answers = answers.map_err(|error| failed(&error))?;
    let question = link
        .client
        .publish_with_reply(names.roll_call(), inbox, "".into());
    question.await.map_err(|error| failed(&error))?;
    let deadline = Instant::now() + patience;
    let mut workers = Vec::<WorkerState>::new();
    while let Ok(Some(answer)) = tokio::time::timeout_at(deadline.into(), answers.next()).await {
        // The server answers as well, if there is no worker.
        workers.extend(serde_json::from_slice::<WorkerState>(&answer.payload));
    }
    workers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(workers)
}
