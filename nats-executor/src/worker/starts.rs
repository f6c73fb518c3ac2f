//! How often a task was started that was delivered before.
//!
//! The server counts deliveries. But a task may be delivered to a worker that ends before it starts the task, because of another
//! task. If deliveries decided, a task that ends its workers would have all those given up that waited behind it. So starts are
//! counted, in a bucket of the pool, for tasks that are delivered again; the first delivery counts as a start.

use std::time::Duration;

use async_nats::jetstream::kv::{Config, Store};

use super::state::Worker;
use crate::error::chain;
use crate::names::Id;

/// How long a count is kept. A task that is delivered later is counted from the beginning.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// A task that was delivered before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It may be started. That is noted.
    Start,
    /// It was started as often as allowed, the last time by this worker.
    Lost(u32, String),
}

/// Decides whether a task that was delivered before may be started here, and notes the start.
///
/// # Errors
/// A message, if the bucket cannot be read or written.
pub(super) async fn start_again(worker: &Worker, id: &Id) -> Result<Again, String> {
    let bucket = open(worker).await?;
    let key = id.to_string();
    let entry = bucket.get(&key).await.map_err(|error| chain(&error))?;
    let entry = entry
        .as_ref()
        .and_then(|entry| std::str::from_utf8(entry).ok());
    let (starts, last) = entry.and_then(parse).unwrap_or((1, "unknown"));
    if starts >= worker.options.max_starts {
        return Ok(Again::Lost(starts, format!("{last} started it last")));
    }
    let value = format!("{} {}", starts + 1, worker.name);
    let put = bucket.put(&key, value.into()).await;
    put.map_err(|error| chain(&error))?;
    Ok(Again::Start)
}

fn parse(entry: &str) -> Option<(u32, &str)> {
    let (starts, worker) = entry.split_once(' ')?;
    Some((starts.parse().ok()?, worker))
}

async fn open(worker: &Worker) -> Result<Store, String> {
    let bucket = worker.names.starts_bucket();
    let jetstream = &worker.link.jetstream;
    if let Ok(store) = jetstream.get_key_value(&bucket).await {
        return Ok(store);
    }
    let config = Config {
        bucket,
        max_age: MAX_AGE,
        ..Config::default()
    };
    let created = jetstream.create_key_value(config).await;
    created.map_err(|error| chain(&error))
}
