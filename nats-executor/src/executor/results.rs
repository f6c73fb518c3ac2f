//! The results that the server has for this executor.
//!
//! They are read in the order of their stream, by a consumer that keeps no state on the server: after a reconnect the reading begins
//! again. What was read is removed now and then, so that is little.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{DeliverPolicy, push};
use async_nats::jetstream::{Message, stream::Stream};
use concurrent_futures::{DistanceError, RemoteError, RemoteErrorKind, TaskError};
use futures_util::StreamExt as _;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::ledger::{Ledger, Place};
use super::settler::{Outcome, Outcomes};
use crate::envelope::{Envelope, WIRE_VERSION, id_of, other_version, too_large};
use crate::error::chain;
use crate::link::Link;
use crate::names::Names;
use crate::objects::{self, FetchError};
use crate::options::NatsOptions;
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
    /// How many bytes a value may have.
    limit: usize,
    /// How long the fetching of a value may make no progress.
    patience: Duration,
    fetches: Arc<Semaphore>,
}

/// The longest time without a stored result before the tasks fail. Workers try as long.
const UNSTORED_TIME: Duration = Duration::from_secs(30);

/// Workers that try to store results say more often than this that they cannot.
const UNSTORED_GAP: Duration = Duration::from_secs(15);

/// How far the results were read.
#[derive(Debug)]
pub(super) struct Reading {
    position: Mutex<Position>,
    /// Since when the results cannot be read, and why.
    trouble: Mutex<Option<(Instant, String)>>,
    unstored: Mutex<Option<Unstored>>,
    restart: Notify,
}

/// Results that the server does not store, as the workers say.
#[derive(Debug)]
struct Unstored {
    since: Instant,
    last: Instant,
    reason: String,
    /// The task of the first notice.
    number: u64,
    /// Whether there were notices of other tasks as well.
    is_general: bool,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    /// When the stream was created: one with the same name may take its place.
    created: Created,
    /// The number in it of the last result that was read.
    last: u64,
    /// The connection on which it is read now. A server that was killed may begin again with lower numbers, so after a reconnect
    /// the number means nothing before the stream was looked at.
    generation: Option<u64>,
}

impl Reading {
    /// Returns the beginning of the stream that was created then.
    pub(super) fn of(created: Created) -> Self {
        Self {
            position: Mutex::new(Position {
                created,
                last: 0,
                generation: None,
            }),
            trouble: Mutex::default(),
            unstored: Mutex::default(),
            restart: Notify::new(),
        }
    }

    /// Returns whether the stream that is read was created then.
    pub(super) fn is_of(&self, created: Created) -> bool {
        self.position().created == created
    }

    /// Returns whether all results up to this number were read, of the stream that was created then, on this connection.
    pub(super) fn has_read(&self, created: Created, last: u64, generation: u64) -> bool {
        let position = self.position();
        let is_current = position.generation == Some(generation) && position.created == created;
        is_current && position.last >= last
    }

    /// Has the reader look for the stream again.
    pub(super) fn restart(&self) {
        self.restart.notify_one();
    }

    /// Returns since when the results cannot be read, and why; `None` if they can.
    pub(super) fn trouble(&self) -> Option<(Instant, String)> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes why the results cannot be read, or that they can.
    fn note_trouble(&self, reason: Option<String>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = reason.map(|reason| match trouble.take() {
            Some((since, _)) => (since, reason),
            None => (Instant::now(), reason),
        });
    }

    /// Notes why the result of a task cannot be stored.
    pub(super) fn note_unstored(&self, number: u64, reason: String) {
        let mut unstored = self.unstored();
        let now = Instant::now();
        let before = unstored
            .take()
            .filter(|before| before.last.elapsed() < UNSTORED_GAP);
        *unstored = Some(match before {
            Some(before) => Unstored {
                last: now,
                reason,
                is_general: before.is_general || before.number != number,
                ..before
            },
            None => Unstored {
                since: now,
                last: now,
                reason,
                number,
                is_general: false,
            },
        });
    }

    /// Returns why no result could be stored for this time, if that is so, and the number of the task if only one of them could not.
    /// Then this time begins anew.
    pub(super) fn take_unstored(&self, time: Duration) -> Option<(String, Option<u64>)> {
        // A worker gives up after some time, and nothing more is heard of the task then.
        let time = time.min(UNSTORED_TIME);
        let lasting = self.unstored().take_if(|unstored| {
            unstored.last.elapsed() < UNSTORED_GAP && unstored.since.elapsed() >= time
        });
        lasting.map(|unstored| {
            let only = Some(unstored.number).filter(|_| !unstored.is_general);
            (unstored.reason, only)
        })
    }

    fn unstored(&self) -> MutexGuard<'_, Option<Unstored>> {
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
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
        options: &NatsOptions,
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
            limit: options.max_bytes,
            patience: options.unreachable_after,
            fetches: Arc::new(Semaphore::new(MAX_FETCHES)),
        }
    }

    /// Reads results for ever. Reports once that it does.
    pub(super) async fn read(self, ready: oneshot::Sender<()>) {
        let mut ready = Some(ready);
        loop {
            let generation = self.link.state().generation;
            tokio::select! {
                message = self.read_connected(generation, &mut ready) => {
                    let reason = format!("the results cannot be read: {message}");
                    self.reading.note_trouble(Some(reason));
                }
                () = self.link.lost(generation) => {}
                () = self.reading.restart.notified() => {}
            }
            self.reading.position().generation = None;
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Reads results until something goes wrong. Returns what.
    async fn read_connected(
        &self,
        generation: u64,
        ready: &mut Option<oneshot::Sender<()>>,
    ) -> String {
        let info = match self.pool.results.get_info().await {
            Ok(info) => info,
            Err(error) => return chain(&error),
        };
        // Not behind the last result: a server that was killed may have begun again with lower numbers, and have stored results under
        // those that were read. What was read before is not in the ledger any more.
        *self.reading.position() = Position {
            created: info.created,
            last: 0,
            generation: None,
        };
        let config = push::OrderedConfig {
            deliver_subject: self.link.client.new_inbox(),
            filter_subject: self.names.results(&self.executor),
            deliver_policy: DeliverPolicy::All,
            ..push::OrderedConfig::default()
        };
        let consumer = match self.pool.results.create_consumer(config).await {
            Ok(consumer) => consumer,
            Err(error) => return chain(&error),
        };
        let mut messages = match consumer.messages().await {
            Ok(messages) => messages,
            Err(error) => return chain(&error),
        };
        self.reading.note_trouble(None);
        self.reading.position().generation = Some(generation);
        if let Some(ready) = ready.take() {
            let _ = ready.send(());
        }
        loop {
            let message = match messages.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return chain(&error),
                None => return "they have ended".to_owned(),
            };
            self.receive(&message);
            // There is room for results.
            *self.reading.unstored() = None;
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
        let finished = &self.ledger.finished;
        if let Some(Place::Stored(stored)) = place {
            finished.note(stored.sequence);
        }
        if let Ok(info) = message.info() {
            finished.note_time(info.published.unix_timestamp_nanos());
        }
        if let Some(Envelope::Object(name)) = envelope {
            if place != Some(Place::Answered) {
                self.fetch(id.number, name, place.is_some());
            }
            return;
        }
        let reply = match envelope {
            Some(Envelope::Inline(reply)) => Ok(reply),
            Some(Envelope::TooLarge(size, limit)) => Err(too_large("value", size, limit).into()),
            Some(Envelope::TaskTooLarge(size, limit)) => Err(too_large("task", size, limit).into()),
            Some(Envelope::Cancelled) => Err(TaskError::Cancelled),
            Some(Envelope::Panicked(message)) => Err(TaskError::panicked(message)),
            Some(Envelope::Unreadable(reason)) => Err(DistanceError::may_have_run(reason).into()),
            Some(Envelope::Lost(starts, worker)) => Err(DistanceError::lost(starts, worker).into()),
            Some(Envelope::Refused(by, version)) => Err(other_version(by, version).into()),
            Some(Envelope::Foreign(version)) => Err(other_version(version, WIRE_VERSION).into()),
            Some(Envelope::Object(_)) | None => {
                let message = "the worker sent an unknown kind of result";
                Err(RemoteError::new(RemoteErrorKind::Decode, message).into())
            }
        };
        // Fails only after the end of the executor.
        let _ = self.outcomes.send(Outcome::Reply(id.number, reply));
    }

    /// Fetches a large value, without holding up the others. Only removes it if it is not `wanted`.
    fn fetch(&self, number: u64, name: String, wanted: bool) {
        let (link, names, outcomes) =
            (self.link.clone(), self.names.clone(), self.outcomes.clone());
        let (limit, patience, fetches) = (self.limit, self.patience, Arc::clone(&self.fetches));
        tokio::spawn(async move {
            let _permit = fetches.acquire().await;
            if !wanted {
                return objects::remove(&link, &names, &name).await;
            }
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
pub(super) async fn remove_read(stream: Stream, subject: String, reading: Arc<Reading>) {
    let mut removed = reading.position().to_owned();
    loop {
        tokio::time::sleep(REMOVAL_PAUSE).await;
        let read = reading.position().to_owned();
        // Without a current reading, the number may be that of other results.
        let is_new = read.created != removed.created || read.last != removed.last;
        if is_new && read.generation.is_some() {
            let purge = stream.purge().filter(subject.as_str());
            if purge.sequence(read.last + 1).await.is_ok() {
                removed = read;
            }
        }
    }
}
