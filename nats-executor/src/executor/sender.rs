//! The tasks on their way to the server, and what becomes due meanwhile: deadlines, cancellations, the end of the connection.
//!
//! The loop never waits for the server. Work that waits is done by futures beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concurrent_futures::{DistanceError, TaskError};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::bytes::Bytes;

use super::audit::{Audit, Checked};
use super::ledger::{Entry, Ledger, Place, Stored};
use super::settler::{Outcome, Outcomes};
use super::withdrawals::{Withdrawals, object_of};
use crate::error::ConnectError;
use crate::link::{Link, StoreError};
use crate::names::{Id, Names};
use crate::objects;
use crate::options::NatsOptions;

/// The number of tasks that are sent before the server has confirmed the first.
const MAX_UNCONFIRMED: usize = 1024;

/// How long the message of a task is tried at least that has its content in an object.
const MIN_SEND_TIME: Duration = Duration::from_secs(5);

/// The time between two looks at deadlines and at the connection.
const TICK: Duration = Duration::from_millis(50);

/// How long the end of an executor waits for the places of tasks that were withdrawn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the handle asks of the connection.
#[derive(Debug)]
pub(super) enum Request {
    /// To withdraw this task, which was cancelled.
    Withdraw(u64),
    /// To tell running tasks that they are cancelled.
    CancelRunning,
    /// To end when all tasks have an outcome.
    EndWhenEmpty,
    /// To end.
    End,
}

/// A task that is to be sent.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) number: u64,
    pub(super) content: Bytes,
    /// Makes room for the bytes of another task when it is dropped.
    pub(super) room: OwnedSemaphorePermit,
}

/// Sends the tasks of one executor.
pub(super) struct Sender {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) executor: String,
    pub(super) options: NatsOptions,
    pub(super) ledger: Arc<Ledger>,
    pub(super) outcomes: Outcomes,
    pub(super) withdrawals: Withdrawals,
    pub(super) audit: Audit,
    /// Since when the server does not do what a pool needs, and why.
    pub(super) trouble: Option<(Instant, String)>,
    /// Whether tasks are refused since the server could not be reached or used for too long.
    pub(super) refuses: bool,
}

/// What has become of a task that was to be sent.
struct Sent {
    number: u64,
    is_object: bool,
    /// Its number in the stream.
    stored: Result<u64, StoreError>,
}

type Sending = FuturesUnordered<BoxFuture<'static, Option<Sent>>>;

impl Sender {
    /// Sends tasks until the handle asks for the end.
    pub(super) async fn run(
        mut self,
        mut submissions: UnboundedReceiver<Submission>,
        mut requests: UnboundedReceiver<Request>,
    ) {
        let mut sending = Sending::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ends_when_empty = false;
        let finished = &self.ledger.finished;
        finished
            .acknowledge_again(
                &self.link,
                &self.names,
                &self.audit.pool.tasks.cached_info().state,
            )
            .await;
        loop {
            tokio::select! {
                Some(request) = requests.recv() => match request {
                    Request::Withdraw(number) => {
                        if let Some(entry) = self.ledger.take(number) {
                            self.withdrawals.withdraw(number, entry.place);
                        }
                    }
                    Request::CancelRunning => self.withdrawals.tell_workers(self.executor.clone()),
                    Request::EndWhenEmpty => ends_when_empty = true,
                    Request::End => break,
                },
                Some(submission) = submissions.recv(), if sending.len() < MAX_UNCONFIRMED => {
                    sending.push(self.send(submission));
                }
                Some(sent) = sending.next() => self.sent(sent),
                checked = self.audit.checked() => self.note_checked(checked).await,
                _ = tick.tick() => {
                    self.fail_overdue();
                    self.fail_unstored();
                    if self.check_link() {
                        // Their tasks have failed. What they hold makes room for those that wait for it.
                        sending.clear();
                        while submissions.try_recv().is_ok() {}
                    }
                    if ends_when_empty && self.ledger.unsettled() == 0 {
                        break;
                    }
                }
            }
        }
        self.finish(sending).await;
    }

    /// Waits until what was withdrawn is removed; not for ever.
    async fn finish(mut self, mut sending: Sending) {
        if !self.link.state().is_up {
            return;
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.withdrawals.are_unconfirmed() {
            match tokio::time::timeout_at(deadline, sending.next()).await {
                Ok(Some(sent)) => self.sent(sent),
                Ok(None) | Err(_) => break,
            }
        }
        self.withdrawals.finish().await;
    }

    /// Returns the future that sends a task.
    fn send(&self, submission: Submission) -> BoxFuture<'static, Option<Sent>> {
        let Submission {
            number,
            content,
            room,
        } = submission;
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
            let _room = room;
            let sent = |is_object, stored| {
                Some(Sent {
                    number,
                    is_object,
                    stored,
                })
            };
            if link.up(Some(give_up)).await.is_none() {
                return sent(false, Err(StoreError::Unsent(link.state().reason)));
            }
            ledger.note_place(number, Place::Sent)?;
            let is_object = content.len() > link.max_message();
            let packed = objects::pack(&link, &names, &object_of(&id), content, give_up).await;
            let content = match packed {
                Ok(content) => content,
                Err(error) => return sent(is_object, Err(error)),
            };
            let subject = names.tasks(&id.executor);
            let id = id.to_string();
            let give_up = match is_object {
                // The object may have taken all the time.
                true => give_up.max(Instant::now() + MIN_SEND_TIME),
                false => give_up,
            };
            let stored = link.store(&subject, &id, content, Some(give_up)).await;
            sent(is_object, stored.map(|stored| stored.sequence))
        })
    }

    /// Notes where a task is, or that it is not on the server.
    fn sent(&mut self, sent: Option<Sent>) {
        let Some(Sent {
            number,
            is_object,
            stored,
        }) = sent
        else {
            return;
        };
        let error = match stored {
            Ok(sequence) => {
                let stored = Stored {
                    sequence,
                    is_object,
                };
                self.withdrawals.confirmed(number, Some(stored));
                self.ledger.note_stored(number, stored);
                return;
            }
            Err(StoreError::Unsent(message)) => DistanceError::unreachable(message),
            // A worker may have it, and need its object.
            Err(StoreError::Unknown(message)) => DistanceError::may_have_run(message),
            Err(StoreError::Refused(message)) => {
                if is_object {
                    self.withdrawals.remove_object(number);
                }
                DistanceError::refused(message)
            }
        };
        self.withdrawals.confirmed(number, None);
        if let Some(entry) = self.ledger.take(number) {
            self.fail(number, entry, error.into());
        }
    }

    /// Fails a task that was taken out of the ledger.
    fn fail(&self, number: u64, entry: Entry, error: TaskError) {
        let _ = self.outcomes.send(Outcome::Failed(number, entry, error));
    }

    /// Fails the tasks whose time is up.
    fn fail_overdue(&mut self) {
        let Some(limit) = self.options.task_timeout else {
            return;
        };
        for (number, entry) in self.ledger.take_overdue(Instant::now()) {
            self.withdrawals.withdraw(number, entry.place);
            self.fail(number, entry, DistanceError::timed_out(limit).into());
        }
    }

    /// Fails the tasks that were sent if the server has stored no result for too long, although it was asked to: its disk may be full.
    /// If it was asked for one task alone, only that fails. Withdraws them, so that they make room.
    fn fail_unstored(&mut self) {
        let after = self.options.unreachable_after;
        let Some((reason, only)) = self.audit.reading.take_unstored(after) else {
            return;
        };
        for (number, entry) in self.ledger.take_sent(only) {
            self.withdrawals.withdraw(number, entry.place);
            let error = DistanceError::may_have_run(reason.clone());
            self.fail(number, entry, error.into());
        }
    }

    /// Fails all tasks if the server cannot be reached or used for too long, and returns whether that is so. Otherwise checks now
    /// and then what it has.
    fn check_link(&mut self) -> bool {
        let state = self.link.state();
        let after = self.options.unreachable_after;
        let reason = if !state.is_up && state.since.elapsed() >= after {
            Some(format!("no connection to {} for {after:?}", self.link.url))
        } else {
            // The time without a connection does not count.
            let troubles = [self.trouble.clone(), self.audit.reading.trouble()];
            let mut troubles = troubles.into_iter().flatten();
            let lasts = |since: Instant| state.is_up && since.max(state.since).elapsed() >= after;
            let lasting = troubles.find(|(since, _)| lasts(*since));
            lasting.map(|(_, reason)| reason)
        };
        if let Some(reason) = &reason {
            self.ledger.note_unreachable(Some(reason.clone()));
            self.withdrawals.forget_unconfirmed();
            for (number, entry) in self.ledger.take_all() {
                let error = entry.disconnected(reason);
                self.fail(number, entry, error);
            }
        }
        self.refuses |= reason.is_some();
        let in_trouble = self.refuses || self.trouble.is_some();
        self.audit.start_if_due(&self.ledger, in_trouble);
        reason.is_some()
    }

    /// Notes what a check has found. Fails the tasks that the server has lost.
    async fn note_checked(&mut self, checked: Result<Checked, ConnectError>) {
        let checked = match checked {
            Ok(checked) => checked,
            Err(error) => {
                let since = self
                    .trouble
                    .take()
                    .map_or_else(Instant::now, |(since, _)| since);
                self.trouble = Some((since, error.to_string()));
                return;
            }
        };
        self.trouble = None;
        self.refuses = false;
        self.ledger.note_unreachable(None);
        let finished = &self.ledger.finished;
        finished
            .acknowledge_again(
                &self.link,
                &self.names,
                &checked.pool.tasks.cached_info().state,
            )
            .await;
        self.withdrawals.stream = checked.pool.tasks;
        for (number, stored) in checked.gone {
            // Its result may have come while the server was asked.
            let Some(entry) = self.ledger.take_stored(number) else {
                continue;
            };
            let error = DistanceError::may_have_run(checked.reason.clone());
            self.fail(number, entry, error.into());
            if stored.is_object {
                self.withdrawals.remove_object(number);
            }
        }
    }
}
