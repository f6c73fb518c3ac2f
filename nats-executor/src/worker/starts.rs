//! How often a task was started that has not ended.
//!
//! The server counts deliveries. But a task may be delivered to a worker that ends before it starts the task, because of another
//! task. If deliveries decided, a task that ends its workers would have all those given up that waited behind it. So starts are
//! counted, in a stream of the pool: the first one of a task once it has run for some milliseconds, which most tasks never do,
//! and all others before they begin.

use std::time::{Duration, Instant};

use async_nats::jetstream::stream::{Config, LastRawMessageErrorKind};

use super::state::Worker;
use crate::error::chain;
use crate::names::Id;

/// How long a count is kept. A task that is delivered later is counted from the beginning.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// The starts of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Starts {
    pub(super) count: u32,
    /// The worker that started it last.
    pub(super) last: String,
}

/// Creates the stream, if it does not exist.
///
/// # Errors
/// A message, if the server does not create it.
pub(super) async fn open(worker: &Worker) -> Result<(), String> {
    let config = Config {
        name: worker.names.starts_stream(),
        subjects: vec![worker.names.starts("*")],
        max_messages_per_subject: 1,
        max_age: MAX_AGE,
        ..Config::default()
    };
    // The buckets of the library need a newer server.
    let stream = worker.link.jetstream.get_or_create_stream(config).await;
    stream.map(drop).map_err(|error| chain(&error))
}

/// Returns the starts of a task that have been counted.
///
/// # Errors
/// A message, if the stream cannot be read.
pub(super) async fn counted(worker: &Worker, id: &Id) -> Result<Starts, String> {
    let name = worker.names.starts_stream();
    let stream = worker.link.jetstream.get_stream_no_info(name).await;
    let stream = stream.map_err(|error| chain(&error))?;
    let subject = worker.names.starts(&id.to_string());
    let entry = match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => message.payload,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
            return Ok(Starts::default());
        }
        Err(error) => {
            // The server may have lost its store.
            open(worker).await?;
            return Err(chain(&error));
        }
    };
    let entry = std::str::from_utf8(&entry).ok();
    Ok(entry.and_then(parse).unwrap_or_default())
}

/// Counts a start that has happened. The server does not confirm it.
pub(super) async fn count_first(worker: &Worker, id: &Id) {
    let subject = worker.names.starts(&id.to_string());
    let entry = format!("1 {}", worker.name);
    let _ = worker.link.client.publish(subject, entry.into()).await;
}

/// Counts a start that is to happen. The server has the count when this returns.
///
/// # Errors
/// A message, if the server does not confirm it.
pub(super) async fn count(worker: &Worker, id: &Id, starts: u32) -> Result<(), String> {
    let subject = worker.names.starts(&id.to_string());
    let entry = format!("{starts} {}", worker.name);
    let message_id = format!("{id} {starts} {}", worker.name);
    let give_up = Some(Instant::now() + worker.ack_wait);
    let stored = worker
        .link
        .store(&subject, &message_id, entry.into(), give_up);
    match stored.await {
        Ok(_) => Ok(()),
        Err(error) => {
            open(worker).await?;
            Err(error.to_string())
        }
    }
}

/// Removes the count of a task that has ended. If that fails, it is removed when it is old.
pub(super) async fn forget(worker: &Worker, id: &Id) {
    let name = worker.names.starts_stream();
    if let Ok(stream) = worker.link.jetstream.get_stream_no_info(name).await {
        let subject = worker.names.starts(&id.to_string());
        let _ = stream.purge().filter(subject).await;
    }
}

fn parse(entry: &str) -> Option<Starts> {
    let (count, worker) = entry.split_once(' ')?;
    Some(Starts {
        count: count.parse().ok()?,
        last: worker.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_count_and_a_worker() {
        let starts = parse("3 host:4711").unwrap();
        assert_eq!((starts.count, &*starts.last), (3, "host:4711"));
        assert_eq!(parse("host:4711"), None);
    }
}
