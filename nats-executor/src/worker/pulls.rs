//! Requests for tasks. A worker requests as many as it has threads without work, so that no task waits here while another worker
//! has nothing to do. Only if tasks are short, it requests more than that: otherwise the way to the server would take longer than
//! the tasks.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{Consumer, pull};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

/// The pause after a request that failed.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// The work that a worker may have waiting.
const AHEAD: Duration = Duration::from_millis(10);

/// The largest number of tasks that wait for a thread.
const MAX_AHEAD: u128 = 128;

/// What a request leads to.
pub(super) struct Event {
    /// Which requests it belongs to: those since they were abandoned last, or earlier ones.
    epoch: u64,
    pub(super) pulled: Pulled,
}

pub(super) enum Pulled {
    /// A task.
    Task(Box<Message>),
    /// A request is over, and this many of its tasks have not come.
    Over(usize),
    /// The server does not answer as it should: the pool may be gone.
    Failed(usize),
}

/// The requests of a worker.
pub(super) struct Pulls {
    threads: usize,
    /// How long a request waits at the server. Shorter than the ack wait: a worker that is out of reach has none left when its
    /// tasks are delivered again. Otherwise it would be given them once more.
    expires: Duration,
    events: UnboundedSender<Event>,
    requests: JoinSet<()>,
    /// The number of tasks that were requested and have not come.
    outstanding: usize,
    epoch: u64,
}

impl Pulls {
    pub(super) fn new(threads: usize, expires: Duration, events: UnboundedSender<Event>) -> Self {
        Self {
            threads,
            expires,
            events,
            requests: JoinSet::new(),
            outstanding: 0,
            epoch: 0,
        }
    }

    /// Requests more tasks if there is room for them. `held` is the number of tasks in the worker, `average` their run time.
    pub(super) fn request(
        &mut self,
        consumer: &Consumer<pull::Config>,
        held: usize,
        average: Option<Duration>,
    ) {
        while self.requests.try_join_next().is_some() {}
        let ahead = ahead(average);
        let capacity = self.threads + ahead * self.threads;
        let free = capacity.saturating_sub(held + self.outstanding);
        // Many small requests would cost more than the tasks.
        let enough = if ahead == 0 { 1 } else { capacity.div_ceil(2) };
        if free < enough {
            return;
        }
        self.outstanding += free;
        let (consumer, events, epoch) = (consumer.clone(), self.events.clone(), self.epoch);
        let report = move |pulled| {
            // Fails only at the end of the worker.
            let _ = events.send(Event { epoch, pulled });
        };
        self.requests
            .spawn(pull(consumer, free, self.expires, report));
    }

    /// Notes an event, before its task is handled.
    pub(super) fn note(&mut self, event: &Event) {
        if event.epoch != self.epoch {
            return;
        }
        let fewer = match &event.pulled {
            Pulled::Task(_) => 1,
            Pulled::Over(left) | Pulled::Failed(left) => *left,
        };
        self.outstanding = self.outstanding.saturating_sub(fewer);
    }

    /// Gives up all requests, because the worker is to stop or the server that they wait at is gone.
    pub(super) fn abandon(&mut self) {
        self.requests.abort_all();
        self.requests.detach_all();
        self.outstanding = 0;
        self.epoch += 1;
    }
}

/// Returns how many tasks may wait for each thread.
fn ahead(average: Option<Duration>) -> usize {
    let Some(average) = average else {
        return 0;
    };
    let tasks = AHEAD.as_nanos() / average.as_nanos().max(1);
    usize::try_from(tasks.min(MAX_AHEAD)).unwrap_or(0)
}

async fn pull(
    consumer: Consumer<pull::Config>,
    tasks: usize,
    expires: Duration,
    report: impl Fn(Pulled),
) {
    let mut left = tasks;
    let batch = consumer.batch().max_messages(tasks).expires(expires);
    match batch.messages().await {
        Ok(mut messages) => {
            while let Some(message) = messages.next().await {
                match message {
                    Ok(message) => {
                        left = left.saturating_sub(1);
                        report(Pulled::Task(Box::new(message)));
                    }
                    Err(_) => {
                        tokio::time::sleep(RETRY_PAUSE).await;
                        report(Pulled::Failed(left));
                        return;
                    }
                }
            }
            report(Pulled::Over(left));
        }
        Err(_) => {
            tokio::time::sleep(RETRY_PAUSE).await;
            report(Pulled::Failed(left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_tasks_wait_in_a_worker() {
        assert_eq!(ahead(None), 0);
        assert_eq!(ahead(Some(Duration::from_secs(1))), 0);
        assert_eq!(ahead(Some(Duration::from_millis(5))), 2);
        assert_eq!(ahead(Some(Duration::from_nanos(500))), 128);
    }
}
