//! The check that the server still has what this executor waits for: the pool, and of each task either the task or its result.
//!
//! A task leaves its stream when its worker acknowledges it, which is after its result was stored. So a task that is not in the
//! stream, and of which no result is there to be read, has no result any more: it was kept for too short a time, or someone has
//! removed it, or the server has lost its store. Without this check, its future would wait for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, RawMessageErrorKind};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::ledger::{Ledger, Stored};
use super::results::Reading;
use crate::error::ConnectError;
use crate::link::Link;
use crate::names::{Id, Names};
use crate::options::NatsOptions;
use crate::pool::Pool;

/// The time between two checks.
const PAUSE: Duration = Duration::from_secs(5);

/// The time after which a check that came to no end is made again.
const RETRY_PAUSE: Duration = Duration::from_millis(300);

/// The number of tasks that a check fetches from the stream, unless there is a reason to look for all.
const MOST_FETCHED: usize = 16;

/// The checks of one executor.
pub(super) struct Audit {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) options: NatsOptions,
    pub(super) executor: String,
    pub(super) reading: Arc<Reading>,
    /// The pool, as the last check has found it.
    pub(super) pool: Pool,
    due: Instant,
    /// The connection of the last check.
    generation: u64,
    /// Whether the next check has to look for all tasks.
    is_thorough: bool,
    /// The last task that was fetched from the stream.
    cursor: u64,
    running: Option<BoxFuture<'static, Result<Checked, ConnectError>>>,
}

/// What a check has found.
pub(super) struct Checked {
    pub(super) pool: Pool,
    /// The tasks that have no result any more.
    pub(super) gone: Vec<(u64, Stored)>,
    /// Why.
    pub(super) reason: String,
    generation: u64,
    cursor: u64,
    is_conclusive: bool,
}

impl Audit {
    pub(super) fn new(
        link: Link,
        names: Names,
        options: NatsOptions,
        executor: String,
        reading: Arc<Reading>,
        pool: Pool,
    ) -> Self {
        Self {
            generation: link.state().generation,
            link,
            names,
            options,
            executor,
            reading,
            pool,
            due: Instant::now() + PAUSE,
            is_thorough: false,
            cursor: 0,
            running: None,
        }
    }

    /// Starts a check if one is due. `in_trouble` means that the last one has failed.
    pub(super) fn start_if_due(&mut self, ledger: &Ledger, in_trouble: bool) {
        let state = self.link.state();
        if state.generation != self.generation {
            self.generation = state.generation;
            self.is_thorough = true;
            self.due = Instant::now();
            // The answers to an earlier connection never come.
            self.running = None;
        }
        let is_needed = self.is_thorough || in_trouble || ledger.unsettled() > 0;
        let is_due = is_needed && self.due <= Instant::now();
        if self.running.is_some() || !state.is_up || !is_due {
            return;
        }
        let check = Check {
            link: self.link.clone(),
            names: self.names.clone(),
            options: self.options.clone(),
            executor: self.executor.clone(),
            reading: Arc::clone(&self.reading),
            known: self.pool.clone(),
            stored: ledger.stored(),
            generation: state.generation,
            is_thorough: self.is_thorough,
            cursor: self.cursor,
        };
        self.running = Some(Box::pin(check.run()));
    }

    /// Waits for the end of the running check. Loses nothing when dropped.
    pub(super) async fn checked(&mut self) -> Result<Checked, ConnectError> {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        let checked = running.await;
        self.running = None;
        let pause = match &checked {
            Ok(checked) if checked.is_conclusive => PAUSE,
            _ => RETRY_PAUSE,
        };
        self.due = Instant::now() + pause;
        if let Ok(checked) = &checked {
            self.cursor = checked.cursor;
            if checked.is_conclusive {
                self.pool = checked.pool.clone();
                // The connection may have been lost again meanwhile.
                self.is_thorough &= checked.generation != self.generation;
            }
        }
        checked
    }
}

struct Check {
    link: Link,
    names: Names,
    options: NatsOptions,
    executor: String,
    reading: Arc<Reading>,
    known: Pool,
    stored: Vec<(u64, Stored)>,
    generation: u64,
    is_thorough: bool,
    cursor: u64,
}

impl Check {
    async fn run(mut self) -> Result<Checked, ConnectError> {
        let pool = Pool::reopen(&self.link, &self.names, &self.options).await?;
        let tasks = pool.tasks.cached_info();
        let (first, last) = (tasks.state.first_sequence, tasks.state.last_sequence);
        let has_lost_tasks = tasks.created != self.known.tasks.cached_info().created
            || (self.stored.last()).is_some_and(|(_, stored)| stored.sequence > last);
        let results = pool.results.cached_info();
        let has_lost_results = results.created != self.known.results.cached_info().created;
        if !self.reading.is_of(results.created) {
            self.reading.restart();
        }
        let reason = match (has_lost_tasks, has_lost_results) {
            (true, _) => "the server has lost its stream of tasks".to_owned(),
            (_, true) => "the server has lost its stream of results".to_owned(),
            _ => format!(
                "the server has neither the task nor a result, which it keeps for {:?}",
                results.config.max_age
            ),
        };
        let is_thorough = self.is_thorough || has_lost_tasks || has_lost_results;
        let delivered = pool.workers.cached_info().delivered.stream_sequence;
        let (mut gone, mut suspects) = (Vec::new(), Vec::new());
        for (number, stored) in std::mem::take(&mut self.stored) {
            if stored.sequence < first || stored.sequence > last {
                gone.push((number, stored));
            } else if has_lost_tasks || stored.sequence <= delivered {
                suspects.push((number, stored));
            }
        }
        if !is_thorough {
            let after = suspects.partition_point(|(_, stored)| stored.sequence <= self.cursor);
            suspects.rotate_left(after);
            suspects.truncate(MOST_FETCHED);
        }
        self.cursor = suspects.last().map_or(0, |(_, stored)| stored.sequence);
        let is_there = |(number, stored): (u64, Stored)| {
            let (pool, executor) = (&pool, self.executor.clone());
            async move {
                let found = is_there(pool, &Id { executor, number }, stored.sequence).await;
                (number, stored, found)
            }
        };
        let mut found = futures_util::stream::iter(suspects)
            .map(is_there)
            .buffer_unordered(MOST_FETCHED);
        let mut is_conclusive = true;
        while let Some((number, stored, is_there)) = found.next().await {
            match is_there {
                Some(true) => {}
                Some(false) => gone.push((number, stored)),
                None => is_conclusive = false,
            }
        }
        drop(found);
        // Only now: the results of tasks that left the stream meanwhile must count.
        if !gone.is_empty() && !self.is_all_read(&pool).await {
            gone.clear();
            is_conclusive = false;
        }
        Ok(Checked {
            pool,
            gone,
            reason,
            generation: self.generation,
            cursor: self.cursor,
            is_conclusive,
        })
    }

    /// Returns whether this executor has read all results that the server has for it.
    async fn is_all_read(&self, pool: &Pool) -> bool {
        let subject = self.names.results(&self.executor);
        let newest = pool.results.get_last_raw_message_by_subject(&subject).await;
        let newest = match newest {
            Ok(message) => message.sequence,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => 0,
            Err(_) => return false,
        };
        let Ok(info) = pool.results.get_info().await else {
            return false;
        };
        self.reading.has_read(info.created, newest, self.generation)
    }
}

/// Returns whether the message with this number is this task; `None` if the server does not say.
async fn is_there(pool: &Pool, id: &Id, sequence: u64) -> Option<bool> {
    match pool.tasks.get_raw_message(sequence).await {
        Ok(message) => {
            let found = message.headers.get(NATS_MESSAGE_ID);
            Some(found.is_some_and(|found| found.as_str() == id.to_string()))
        }
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Some(false),
        Err(_) => None,
    }
}
