//! The tasks on their way to the server, and what becomes due meanwhile: deadlines, cancellations, the end of the connection.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use concurrent_futures::{DistanceError, TaskError};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::bytes::Bytes;

use super::ledger::{Ledger, Place};
use super::settler::{Outcome, Outcomes};
use crate::link::{Link, StoreError};
use crate::names::{Id, Names};
use crate::objects;
use crate::options::NatsOptions;
use crate::pool::Pool;

/// The number of tasks that are sent before the server has confirmed the first.
const MAX_UNCONFIRMED: usize = 1024;

/// The number of tasks that are removed from the stream at a time.
const MAX_REMOVALS: usize = 32;

/// How long the message of a task is tried at least that has its content in an object.
const MIN_SEND_TIME: Duration = Duration::from_secs(5);

/// The time between two looks at deadlines and at the connection.
const TICK: Duration = Duration::from_millis(50);

/// What the handle asks of the connection.
#[derive(Debug)]
pub(super) enum Request {
    /// To withdraw this task, which was cancelled.
    Withdraw(u64),
    /// To tell running tasks that they are cancelled.
    CancelRunning,
    /// To end.
    End,
}

/// A task that is to be sent.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) number: u64,
    pub(super) content: Bytes,
}

/// Sends the tasks of one executor.
pub(super) struct Sender {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) executor: String,
    pub(super) options: NatsOptions,
    pub(super) pool: Pool,
    pub(super) ledger: Arc<Ledger>,
    pub(super) outcomes: Outcomes,
    /// The tasks that were withdrawn before their number in the stream was known.
    pub(super) withdrawn: HashSet<u64>,
    pub(super) removals: Arc<Semaphore>,
}

type Sent = (u64, Result<u64, StoreError>);

impl Sender {
    pub(super) fn removals() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(MAX_REMOVALS))
    }

    /// Sends tasks until the handle asks for the end.
    pub(super) async fn run(
        mut self,
        mut submissions: UnboundedReceiver<Submission>,
        mut requests: UnboundedReceiver<Request>,
    ) {
        let mut sending = FuturesUnordered::<BoxFuture<'static, Option<Sent>>>::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut generation = self.link.state().generation;
        let finished = &self.ledger.finished;
        finished
            .acknowledge_again(&self.link, &self.names, &self.pool)
            .await;
        loop {
            tokio::select! {
                Some(request) = requests.recv() => match request {
                    Request::Withdraw(number) => self.withdraw(number).await,
                    Request::CancelRunning => self.tell_workers(self.executor.clone()).await,
                    Request::End => break,
                },
                Some(submission) = submissions.recv(), if sending.len() < MAX_UNCONFIRMED => {
                    sending.push(self.send(submission));
                }
                Some(sent) = sending.next() => {
                    if let Some((number, stored)) = sent {
                        self.sent(number, stored);
                    }
                }
                _ = tick.tick() => {
                    self.fail_overdue().await;
                    self.check_link(&mut generation).await;
                }
            }
        }
        // The last messages are on their way.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.link.client.flush()).await;
    }

    /// Returns the future that sends a task.
    fn send(&self, submission: Submission) -> BoxFuture<'static, Option<Sent>> {
        let Submission { number, content } = submission;
        let (link, names, ledger) = (
            self.link.clone(),
            self.names.clone(),
            Arc::clone(&self.ledger),
        );
        let id = Id {
            executor: self.executor.clone(),
            number,
        };
        let give_up = Instant::now() + self.options.unreachable_after;
        Box::pin(async move {
            if link.up(Some(give_up)).await.is_none() {
                return Some((number, Err(StoreError::Unsent(link.state().reason))));
            }
            if !ledger.note_place(number, Place::Sent) {
                return None;
            }
            let name = format!("{id}.task");
            let is_large = content.len() > link.max_message();
            let packed = objects::pack(&link, &names, &name, content, give_up).await;
            let content = match packed {
                Ok(content) => content,
                Err(error) => return Some((number, Err(error))),
            };
            let subject = names.tasks(&id.executor);
            let id = id.to_string();
            let give_up = match is_large {
                // The object may have taken all the time.
                true => give_up.max(Instant::now() + MIN_SEND_TIME),
                false => give_up,
            };
            let stored = link.store(&subject, &id, content, Some(give_up)).await;
            Some((number, stored.map(|stored| stored.sequence)))
        })
    }

    /// Notes where a task is, or that it is not on the server.
    fn sent(&mut self, number: u64, stored: Result<u64, StoreError>) {
        let error = match stored {
            Ok(sequence) => {
                if self.withdrawn.remove(&number) {
                    self.remove(sequence);
                }
                if !self.ledger.note_place(number, Place::Stored(sequence)) {
                    self.ledger.finished.note(sequence);
                }
                return;
            }
            Err(StoreError::Unsent(message)) => DistanceError::unreachable(message),
            Err(StoreError::Unknown(message)) => DistanceError::may_have_run(message),
            Err(StoreError::Refused(message)) => DistanceError::refused(message),
        };
        self.withdrawn.remove(&number);
        self.fail(number, error.into());
    }

    fn fail(&self, number: u64, error: TaskError) {
        if let Some(entry) = self.ledger.take(number) {
            let _ = self.outcomes.send(Outcome::Failed(entry, error));
        }
    }

    /// Withdraws a task that is not wanted any more: removes it from the stream, and tells the worker that may have it.
    async fn withdraw(&mut self, number: u64) {
        let Some(entry) = self.ledger.take(number) else {
            return;
        };
        self.withdraw_from(number, entry.place).await;
    }

    async fn withdraw_from(&mut self, number: u64, place: Place) {
        match place {
            Place::Here => return,
            Place::Sent => {
                self.withdrawn.insert(number);
            }
            Place::Stored(sequence) => self.remove(sequence),
        }
        let executor = self.executor.clone();
        self.tell_workers(Id { executor, number }.to_string()).await;
    }

    /// Tells the workers that a task is cancelled, or all tasks of an executor.
    async fn tell_workers(&self, what: String) {
        // A worker that does not hear of it runs the task to its end.
        if self.link.state().is_up {
            let subject = self.names.cancelled();
            let _ = self.link.client.publish(subject, what.into()).await;
        }
    }

    /// Removes a task from the stream.
    fn remove(&self, sequence: u64) {
        let (stream, removals) = (self.pool.tasks.clone(), Arc::clone(&self.removals));
        tokio::spawn(async move {
            let _permit = removals.acquire().await;
            // It may have been run and acknowledged.
            let _ = stream.delete_message(sequence).await;
        });
    }

    /// Fails the tasks whose time is up.
    async fn fail_overdue(&mut self) {
        let Some(limit) = self.options.task_timeout else {
            return;
        };
        for number in self.ledger.overdue(Instant::now()) {
            if let Some(entry) = self.ledger.take(number) {
                self.withdraw_from(number, entry.place).await;
                let error = DistanceError::timed_out(limit).into();
                let _ = self.outcomes.send(Outcome::Failed(entry, error));
            }
        }
    }

    /// Fails all tasks if the connection is lost for too long, or if the server has lost them.
    async fn check_link(&mut self, generation: &mut u64) {
        let state = self.link.state();
        if !state.is_up {
            if state.since.elapsed() >= self.options.unreachable_after {
                let after = self.options.unreachable_after;
                let reason = format!("no connection to {} for {after:?}", self.link.url);
                self.ledger.note_unreachable(Some(reason.clone()));
                for (_, entry) in self.ledger.take_all() {
                    let error = entry.disconnected(&reason);
                    let _ = self.outcomes.send(Outcome::Failed(entry, error));
                }
            }
            return;
        }
        if state.generation == *generation {
            return;
        }
        // The server may have been started again, with another store.
        let Ok(pool) = Pool::open(&self.link, &self.names, &self.options).await else {
            return;
        };
        *generation = state.generation;
        self.ledger.note_unreachable(None);
        let finished = &self.ledger.finished;
        finished
            .acknowledge_again(&self.link, &self.names, &pool)
            .await;
        let last = pool.tasks.cached_info().state.last_sequence;
        if self
            .ledger
            .last_stored()
            .is_some_and(|stored| stored > last)
        {
            let reason = "the server has lost its stream of tasks";
            for (_, entry) in self.ledger.take_all() {
                let error = DistanceError::may_have_run(reason).into();
                let _ = self.outcomes.send(Outcome::Failed(entry, error));
            }
        }
        self.pool = pool;
    }
}
