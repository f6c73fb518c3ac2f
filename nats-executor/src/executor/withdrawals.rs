//! Tasks that are not wanted any more: they are removed from the stream with their objects, and workers learn of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::stream::Stream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::ledger::{Place, Stored};
use crate::link::Link;
use crate::names::{Id, Names};
use crate::objects;

/// The number of removals at a time.
const MAX_REMOVALS: usize = 32;

/// How long the end of an executor waits for removals.
const PATIENCE: Duration = Duration::from_secs(5);

/// Withdraws the tasks of one executor.
pub(super) struct Withdrawals {
    link: Link,
    names: Names,
    executor: String,
    /// The stream of tasks.
    pub(super) stream: Stream,
    /// The tasks whose place in the stream is not known yet.
    unconfirmed: HashSet<u64>,
    permits: Arc<Semaphore>,
    removals: JoinSet<()>,
    notices: UnboundedSender<String>,
    notifier: JoinSet<()>,
}

impl Withdrawals {
    pub(super) fn new(link: Link, names: Names, executor: String, stream: Stream) -> Self {
        let (notices, to_send) = unbounded_channel();
        let mut notifier = JoinSet::new();
        notifier.spawn(notify(link.clone(), names.cancelled(), to_send));
        Self {
            link,
            names,
            executor,
            stream,
            unconfirmed: HashSet::new(),
            permits: Arc::new(Semaphore::new(MAX_REMOVALS)),
            removals: JoinSet::new(),
            notices,
            notifier,
        }
    }

    /// Withdraws a task that was at this place when it left the ledger.
    pub(super) fn withdraw(&mut self, number: u64, place: Place) {
        match place {
            Place::Here | Place::Answered => return,
            Place::Sent => {
                self.unconfirmed.insert(number);
            }
            Place::Stored(stored) => self.remove(number, stored),
        }
        let executor = self.executor.clone();
        self.tell_workers(Id { executor, number }.to_string());
    }

    /// Tells the workers that a task is cancelled, or all tasks of an executor.
    pub(super) fn tell_workers(&self, what: String) {
        // A worker that does not hear of it runs the task to its end.
        let _ = self.notices.send(what);
    }

    /// Removes a task if it was withdrawn before its place was known. `None` means that it is not in the stream.
    pub(super) fn confirmed(&mut self, number: u64, stored: Option<Stored>) {
        if self.unconfirmed.remove(&number)
            && let Some(stored) = stored
        {
            self.remove(number, stored);
        }
    }

    /// Forgets the tasks whose place in the stream is not known, because it never will be.
    pub(super) fn forget_unconfirmed(&mut self) {
        self.unconfirmed.clear();
    }

    /// Returns whether there are tasks whose place in the stream is not known yet.
    pub(super) fn are_unconfirmed(&self) -> bool {
        !self.unconfirmed.is_empty()
    }

    /// Removes the object of a task that is not in the stream.
    pub(super) fn remove_object(&mut self, number: u64) {
        let (link, names, object) = (self.link.clone(), self.names.clone(), self.object(number));
        self.spawn(async move { objects::remove(&link, &names, &object).await });
    }

    /// Waits for the removals, and until the workers have been told; not for ever.
    pub(super) async fn finish(mut self) {
        drop(self.notices);
        let done = async {
            while self.notifier.join_next().await.is_some() {}
            while self.removals.join_next().await.is_some() {}
            let _ = self.link.client.flush().await;
        };
        let _ = tokio::time::timeout(PATIENCE, done).await;
    }

    fn remove(&mut self, number: u64, stored: Stored) {
        let stream = self.stream.clone();
        let (link, names, object) = (self.link.clone(), self.names.clone(), self.object(number));
        self.spawn(async move {
            // If it is not there, a worker has run it and has removed its object.
            let removed = stream.delete_message(stored.sequence).await;
            if stored.is_object && removed.is_ok() {
                objects::remove(&link, &names, &object).await;
            }
        });
    }

    fn spawn(&mut self, removal: impl Future<Output = ()> + Send + 'static) {
        while self.removals.try_join_next().is_some() {}
        let permits = Arc::clone(&self.permits);
        self.removals.spawn(async move {
            let _permit = permits.acquire().await;
            removal.await;
        });
    }

    fn object(&self, number: u64) -> String {
        let executor = self.executor.clone();
        object_of(&Id { executor, number })
    }
}

/// Returns the name of the object with the call of a task.
pub(super) fn object_of(id: &Id) -> String {
    format!("{id}.task")
}

async fn notify(link: Link, subject: String, mut notices: UnboundedReceiver<String>) {
    while let Some(what) = notices.recv().await {
        if link.state().is_up {
            let _ = link.client.publish(subject.clone(), what.into()).await;
        }
    }
}
