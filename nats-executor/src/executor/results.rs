//! The results that the server has for this executor.
//!
//! They are read in the order of their stream, by a consumer that keeps no state on the server: after a reconnect the reading goes
//! on behind the last result. What was read is removed now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, push};
use async_nats::jetstream::{Message, stream::Stream};
use concurrent_futures::{DistanceError, RemoteError, RemoteErrorKind, TaskError};
use futures_util::StreamExt as _;
use tokio::sync::Semaphore;

use super::ledger::Ledger;
use super::settler::{Outcome, Outcomes};
use crate::envelope::{Envelope, id_of, too_large};
use crate::link::Link;
use crate::names::Names;
use crate::objects::{self, FetchError};
use crate::pool::Pool;

/// The time between two removals of results that were read.
const REMOVAL_PAUSE: Duration = Duration::from_secs(2);

/// The time between two attempts to read.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The number of large values that are fetched at a time.
const MAX_FETCHES: usize = 8;

/// Reads the results of one executor.
pub(super) struct Results {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) executor: String,
    pub(super) pool: Pool,
    pub(super) outcomes: Outcomes,
    pub(super) ledger: Arc<Ledger>,
    /// The number in the stream of the last result that was read.
    pub(super) last: Arc<AtomicU64>,
    /// How many bytes a value may have.
    pub(super) limit: usize,
    /// How long the fetching of a value may make no progress.
    pub(super) patience: Duration,
    pub(super) fetches: Arc<Semaphore>,
}

impl Results {
    pub(super) fn fetches() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(MAX_FETCHES))
    }

    /// Reads results for ever. Reports once that it does.
    pub(super) async fn read(self, ready: tokio::sync::oneshot::Sender<()>) {
        let mut ready = Some(ready);
        let mut server = None;
        loop {
            let generation = self.link.state().generation;
            tokio::select! {
                () = self.read_connected(&mut ready, &mut server) => {}
                () = self.link.lost(generation) => {}
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Reads results until something goes wrong. `server` is the process that it was connected to before.
    async fn read_connected(
        &self,
        ready: &mut Option<tokio::sync::oneshot::Sender<()>>,
        server: &mut Option<String>,
    ) {
        let Ok(info) = self.pool.results.get_info().await else {
            return;
        };
        let process = self.link.client.server_info().server_id;
        let is_other = server.as_ref().is_some_and(|server| *server != process);
        *server = Some(process);
        if is_other || info.state.last_sequence < self.last.load(Ordering::Relaxed) {
            // If the server was killed or has lost its store, the numbers may have begun again. What is read twice does no harm.
            self.last.store(0, Ordering::Relaxed);
        }
        let last = self.last.load(Ordering::Relaxed);
        let config = push::OrderedConfig {
            deliver_subject: self.link.client.new_inbox(),
            filter_subject: self.names.results(&self.executor),
            deliver_policy: match last {
                0 => DeliverPolicy::All,
                last => DeliverPolicy::ByStartSequence {
                    start_sequence: last + 1,
                },
            },
            ..push::OrderedConfig::default()
        };
        let Ok(consumer) = self.pool.results.create_consumer(config).await else {
            return;
        };
        let Ok(mut messages) = consumer.messages().await else {
            return;
        };
        if let Some(ready) = ready.take() {
            let _ = ready.send(());
        }
        while let Some(Ok(message)) = messages.next().await {
            self.receive(&message);
        }
    }

    fn receive(&self, message: &Message) {
        if let Ok(info) = message.info() {
            self.last.store(info.stream_sequence, Ordering::Relaxed);
            let stored = info.published.unix_timestamp_nanos();
            self.ledger.finished.note_time(stored);
        }
        let Some(id) = id_of(message) else {
            return;
        };
        let number = id.number;
        let reply = match Envelope::open(&message.payload) {
            Some(Envelope::Inline(reply)) => Ok(reply),
            Some(Envelope::Object(name)) => return self.fetch(number, name),
            Some(Envelope::Lost(starts, worker)) => Err(DistanceError::lost(starts, worker).into()),
            Some(Envelope::TooLarge(size, limit)) => Err(too_large("value", size, limit).into()),
            Some(Envelope::TaskTooLarge(size, limit)) => Err(too_large("task", size, limit).into()),
            Some(Envelope::Cancelled) => Err(TaskError::Cancelled),
            Some(Envelope::Panicked(message)) => Err(TaskError::panicked(message)),
            Some(Envelope::Unreadable(reason)) => Err(DistanceError::may_have_run(reason).into()),
            None => {
                let message = "the worker sent an unknown kind of result";
                Err(RemoteError::new(RemoteErrorKind::Decode, message).into())
            }
        };
        // Fails only after the end of the executor.
        let _ = self.outcomes.send(Outcome::Reply(number, reply));
    }

    /// Fetches a large value, without holding up the others.
    fn fetch(&self, number: u64, name: String) {
        let (link, names, outcomes) =
            (self.link.clone(), self.names.clone(), self.outcomes.clone());
        let (limit, patience, fetches) = (self.limit, self.patience, Arc::clone(&self.fetches));
        tokio::spawn(async move {
            let _permit = fetches.acquire().await;
            let fetched = objects::fetch(&link, &names, &name, limit, patience).await;
            let is_read = fetched.is_ok();
            let reply = fetched.map_err(|error| match error {
                FetchError::TooLarge(size) => {
                    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
                    too_large("value", size, limit).into()
                }
                error => {
                    let reason = format!("its value cannot be fetched: {error}");
                    DistanceError::may_have_run(reason).into()
                }
            });
            let _ = outcomes.send(Outcome::Reply(number, reply));
            if is_read {
                objects::remove(&link, &names, &name).await;
            }
        });
    }
}

/// Removes results that were read, for ever.
pub(super) async fn remove_read(stream: Stream, subject: String, last: Arc<AtomicU64>) {
    let mut removed = 0;
    loop {
        tokio::time::sleep(REMOVAL_PAUSE).await;
        let read = last.load(Ordering::Relaxed);
        if read > removed {
            let purge = stream.purge().filter(subject.as_str()).sequence(read + 1);
            if purge.await.is_ok() {
                removed = read;
            }
        }
    }
}
