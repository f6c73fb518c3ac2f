//! The results that the server has for this executor.
//!
//! They are read in the order of their stream, by a consumer that keeps no state on the server: after a reconnect the reading goes
//! on behind the last result. What was read is removed now and then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, push};
use async_nats::jetstream::{Message, stream::Stream};
use concurrent_futures::{DistanceError, RemoteError, RemoteErrorKind};
use futures_util::StreamExt as _;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::ledger::{Ledger, Place, Stored};
use super::settler::{Outcome, Outcomes};
use super::withdrawals::object_of;
use crate::envelope::{Envelope, WIRE_VERSION, id_of, other_version, value_too_large};
use crate::link::Link;
use crate::names::{Id, Names};
use crate::objects;
use crate::pool::{Created, Pool};

/// The time between two removals of results that were read.
const REMOVAL_PAUSE: Duration = Duration::from_secs(2);

/// The time between two attempts to read.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The number of large values that are fetched at a time: each takes as much memory as it is large.
const MAX_FETCHES: usize = 4;

/// Reads the results of one executor.
pub(super) struct Results {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) executor: String,
    pub(super) pool: Pool,
    pub(super) ledger: Arc<Ledger>,
    pub(super) outcomes: Outcomes,
    pub(super) reading: Arc<Reading>,
    fetches: Arc<Semaphore>,
}

/// How far the results were read.
#[derive(Debug)]
pub(super) struct Reading {
    position: Mutex<Position>,
    restart: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    /// When the stream was created: one with the same name may take its place.
    created: Created,
    /// The number in it of the last result that was read.
    last: u64,
}

impl Reading {
    /// Returns the beginning of the stream that was created then.
    pub(super) fn of(created: Created) -> Self {
        Self {
            position: Mutex::new(Position { created, last: 0 }),
            restart: Notify::new(),
        }
    }

    /// Returns whether the stream that is read was created then.
    pub(super) fn is_of(&self, created: Created) -> bool {
        self.position().created == created
    }

    /// Returns whether all results up to this number were read, of the stream that was created then.
    pub(super) fn has_read(&self, created: Created, last: u64) -> bool {
        let position = self.position();
        position.created == created && position.last >= last
    }

    /// Has the reader look for the stream again.
    pub(super) fn restart(&self) {
        self.restart.notify_one();
    }

    fn position(&self) -> MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Results {
    pub(super) fn new(
        link: Link,
        names: Names,
        executor: String,
        pool: Pool,
        ledger: Arc<Ledger>,
        outcomes: Outcomes,
    ) -> Self {
        let created = pool.results.cached_info().created;
        Self {
            link,
            names,
            executor,
            pool,
            ledger,
            outcomes,
            reading: Arc::new(Reading::of(created)),
            fetches: Arc::new(Semaphore::new(MAX_FETCHES)),
        }
    }

    /// Reads results for ever. Reports once that it does.
    pub(super) async fn read(self, ready: oneshot::Sender<()>) {
        let mut ready = Some(ready);
        loop {
            let generation = self.link.state().generation;
            tokio::select! {
                () = self.read_connected(&mut ready) => {}
                () = self.link.lost(generation) => {}
                () = self.reading.restart.notified() => {}
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Reads results until something goes wrong.
    async fn read_connected(&self, ready: &mut Option<oneshot::Sender<()>>) {
        let Ok(info) = self.pool.results.get_info().await else {
            return;
        };
        let last = {
            let mut position = self.reading.position();
            if info.created != position.created || info.state.last_sequence < position.last {
                // The server has lost its store, and the numbers begin again.
                *position = Position {
                    created: info.created,
                    last: 0,
                };
            }
            position.last
        };
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
            if let Ok(info) = message.info() {
                self.reading.position().last = info.stream_sequence;
            }
        }
    }

    fn receive(&self, message: &Message) {
        let Some(id) = id_of(message) else {
            return;
        };
        let envelope = Envelope::open(&message.payload);
        let place = self.ledger.note_place(id.number, Place::Answered);
        if let Some(Envelope::Object(name)) = envelope {
            return self.fetch(id.number, name, place.is_some());
        }
        let reply = match envelope {
            Some(Envelope::Inline(reply)) => Ok(reply),
            Some(Envelope::TooLarge(size, limit)) => Err(value_too_large(size, limit).into()),
            Some(Envelope::Lost(starts, worker)) => Err(DistanceError::lost(starts, worker).into()),
            Some(Envelope::Refused(by, version)) => Err(other_version(by, version).into()),
            Some(Envelope::Foreign(version)) => Err(other_version(version, WIRE_VERSION).into()),
            Some(Envelope::Object(_)) | None => {
                let message = "the worker sent an unknown kind of result";
                Err(RemoteError::new(RemoteErrorKind::Decode, message).into())
            }
        };
        if let (Err(_), Some(Place::Stored(stored))) = (&reply, place) {
            self.remove_call(&id, stored);
        }
        // Fails only after the end of the executor.
        let _ = self.outcomes.send(Outcome::Reply(id.number, reply));
    }

    /// Fetches a large value, without holding up the others. Only removes it if it is not `wanted`.
    fn fetch(&self, number: u64, name: String, wanted: bool) {
        let (link, names, outcomes) =
            (self.link.clone(), self.names.clone(), self.outcomes.clone());
        let fetches = Arc::clone(&self.fetches);
        tokio::spawn(async move {
            let _permit = fetches.acquire().await;
            if wanted {
                let fetched = objects::fetch(&link, &names, &name).await;
                let reply = fetched.map_err(|message| {
                    DistanceError::may_have_run(format!("its value cannot be fetched: {message}"))
                        .into()
                });
                let _ = outcomes.send(Outcome::Reply(number, reply));
            }
            objects::remove(&link, &names, &name).await;
        });
    }

    /// Removes the object of a task that no worker has run to its end. Otherwise the worker has removed it.
    fn remove_call(&self, id: &Id, stored: Stored) {
        if !stored.is_object {
            return;
        }
        let (link, names, object) = (self.link.clone(), self.names.clone(), object_of(id));
        let fetches = Arc::clone(&self.fetches);
        tokio::spawn(async move {
            let _permit = fetches.acquire().await;
            objects::remove(&link, &names, &object).await;
        });
    }
}

/// Removes results that were read, for ever.
pub(super) async fn remove_read(stream: Stream, subject: String, reading: Arc<Reading>) {
    let mut removed = reading.position().to_owned();
    loop {
        tokio::time::sleep(REMOVAL_PAUSE).await;
        let read = reading.position().to_owned();
        if read.created != removed.created || read.last > removed.last {
            let purge = stream.purge().filter(subject.as_str());
            if purge.sequence(read.last + 1).await.is_ok() {
                removed = read;
            }
        }
    }
}
