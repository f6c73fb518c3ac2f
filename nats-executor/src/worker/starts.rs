//! How often a task was started that was delivered before.
//!
//! The server counts deliveries. But a task may be delivered to a worker that ends before it starts the task, because of another
//! task. If deliveries decided, a task that ends its workers would have all those given up that waited behind it. So starts are
//! counted, in a stream of the pool, for tasks that are delivered again; the first delivery counts as a start.

use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{Config, LastRawMessageErrorKind, Stream};

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
/// A message, if the stream cannot be read or written.
pub(super) async fn start_again(worker: &Worker, id: &Id) -> Result<Again, String> {
    let stream = open(worker).await?;
    let subject = worker.names.starts(&id.to_string());
    let entry = match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => Some(message.payload),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => None,
        Err(error) => return Err(chain(&error)),
    };
    let entry = entry
        .as_deref()
        .and_then(|entry| std::str::from_utf8(entry).ok());
    let (starts, last) = entry.and_then(parse).unwrap_or((1, "unknown"));
    if starts >= worker.options.max_starts {
        return Ok(Again::Lost(starts, format!("{last} started it last")));
    }
    let starts = starts + 1;
    let value = format!("{starts} {}", worker.name);
    let give_up = Some(Instant::now() + worker.ack_wait);
    let message_id = format!("{id} {starts} {}", worker.name);
    let stored = worker
        .link
        .store(&subject, &message_id, value.into(), give_up);
    stored.await.map_err(|error| error.to_string())?;
    Ok(Again::Start)
}

fn parse(entry: &str) -> Option<(u32, &str)> {
    let (starts, worker) = entry.split_once(' ')?;
    Some((starts.parse().ok()?, worker))
}

async fn open(worker: &Worker) -> Result<Stream, String> {
    let config = Config {
        name: worker.names.starts_stream(),
        subjects: vec![worker.names.starts("*")],
        max_messages_per_subject: 1,
        max_age: MAX_AGE,
        ..Config::default()
    };
    // The buckets of the library need a newer server.
    let stream = worker.link.jetstream.get_or_create_stream(config).await;
    stream.map_err(|error| chain(&error))
}
