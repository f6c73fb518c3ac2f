//! Requests for tasks. A worker requests as many as it has threads without work, so that no task waits here while another worker
//! has nothing to do. Only if tasks are short, it requests more than that: otherwise the way to the server would take longer than
//! the tasks.
//!
//! A request expires at the server, so that no task is sent to a worker that is out of reach. It is renewed before that: if a
//! task is due for redelivery and all requests that the server has are expired, a server before version 2.10.14 takes the task
//! off its list, which then waits for another ack wait, and gives the message before the next new one out a second time. Such a
//! server also drops an expired request without a word, so the end of a request is reckoned here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::{Client, Message, StatusCode, Subscriber};
use futures_util::StreamExt as _;

/// The pause after a request that failed.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// How long the last request of a worker waits, which is only to have the earlier ones removed.
const LAST_EXPIRES: Duration = Duration::from_millis(50);

/// How long a worker that is to stop waits for the server.
const WITHDRAWAL_LIMIT: Duration = Duration::from_secs(1);

/// The work that a worker may have waiting.
const AHEAD: Duration = Duration::from_millis(10);

/// The largest number of tasks that wait for a thread.
const MAX_AHEAD: u128 = 128;

/// The requests of a worker.
#[derive(Debug)]
pub(super) struct Pulls {
    threads: usize,
    /// The subject that tasks are sent to. Each request adds its number.
    inbox: String,
    /// How long a request waits at the server. Shorter than the ack wait: a worker that is out of reach has none left when its
    /// tasks are delivered again. Otherwise it would be given them once more.
    expires: Duration,
    /// The requests that the server may have, the oldest first.
    requests: VecDeque<Request>,
    next: u64,
    /// No request is sent before.
    paused_until: Option<Instant>,
}

#[derive(Debug)]
struct Request {
    number: u64,
    sent: Instant,
    /// The number of tasks that have not come.
    left: usize,
    /// The number of tasks that the worker wanted to have in all.
    capacity: usize,
}

/// What a message of the server means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pulled {
    /// It is a task.
    Task,
    /// It is one more task than the worker has room for.
    Surplus,
    /// A request is over.
    Over,
    /// The server does not answer as it should: the pool may be gone.
    Failed,
}

impl Pulls {
    pub(super) fn new(threads: usize, inbox: String, expires: Duration) -> Self {
        Self {
            threads,
            inbox,
            expires,
            requests: VecDeque::new(),
            next: 0,
            paused_until: None,
        }
    }

    /// Returns the subject of all requests.
    pub(super) fn subject(&self) -> String {
        format!("{}.*", self.inbox)
    }

    /// Requests more tasks if there is room for them. `held` is the number of tasks in the worker, `average` their run time.
    pub(super) async fn request(
        &mut self,
        consumer: &Consumer<pull::Config>,
        held: usize,
        average: Option<Duration>,
    ) {
        let now = Instant::now();
        let Some((inbox, tasks)) = self.next(now, held, average) else {
            return;
        };
        let batch = pull::BatchConfig {
            batch: tasks,
            expires: Some(self.expires),
            ..pull::BatchConfig::default()
        };
        if consumer.request_batch(batch, inbox.into()).await.is_err() {
            self.abandon();
            self.paused_until = Some(now + RETRY_PAUSE);
        }
    }

    /// Notes the next request, if there is room for tasks. Returns its subject, and how many tasks it is for.
    fn next(
        &mut self,
        now: Instant,
        held: usize,
        average: Option<Duration>,
    ) -> Option<(String, usize)> {
        if self.paused_until.is_some_and(|until| now < until) {
            return None;
        }
        self.paused_until = None;
        // The server has removed all of these, also if the clock here says that they have not expired.
        let over = self.expires * 2;
        while self
            .requests
            .front()
            .is_some_and(|request| now.duration_since(request.sent) >= over)
        {
            self.requests.pop_front();
        }
        let ahead = ahead(average);
        let capacity = self.threads + ahead * self.threads;
        let fresh_for = self.fresh_for();
        let fresh = |request: &&Request| now.duration_since(request.sent) < fresh_for;
        let outstanding: usize = self
            .requests
            .iter()
            .filter(fresh)
            .map(|request| request.left)
            .sum();
        let free = capacity.saturating_sub(held + outstanding);
        // Many small requests would cost more than the tasks.
        let enough = if ahead == 0 { 1 } else { capacity.div_ceil(2) };
        if free < enough {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.requests.push_back(Request {
            number,
            sent: now,
            left: free,
            capacity,
        });
        Some((format!("{}.{number}", self.inbox), free))
    }

    /// Returns when there may be a reason for the next request, if no task begins or ends before.
    pub(super) fn due(&self) -> Instant {
        let now = Instant::now();
        let fresh_for = self.fresh_for();
        let renewals = self.requests.iter().map(|request| request.sent + fresh_for);
        let next = renewals.filter(|at| *at > now).min();
        let next = next.unwrap_or(now + fresh_for);
        self.paused_until.map_or(next, |until| until.min(next))
    }

    /// Notes a message, before it is handled.
    pub(super) fn note(&mut self, message: &Message, held: usize) -> Pulled {
        match message.status.unwrap_or(StatusCode::OK) {
            StatusCode::OK => self.note_task(held),
            StatusCode::TIMEOUT => {
                let headers = message.headers.as_ref();
                let left = headers.and_then(|headers| headers.get("Nats-Pending-Messages"));
                let left = left.and_then(|left| left.as_str().parse().ok());
                let number = message.subject.rsplit('.').next();
                if let Some(number) = number.and_then(|number| number.parse().ok()) {
                    self.note_over(number, left.unwrap_or(0));
                }
                Pulled::Over
            }
            _ => {
                self.abandon();
                self.paused_until = Some(Instant::now() + RETRY_PAUSE);
                Pulled::Failed
            }
        }
    }

    fn note_task(&mut self, held: usize) -> Pulled {
        let wanted = self.requests.iter().map(|request| request.capacity).max();
        // A task does not name its request. The server serves the oldest one first.
        if let Some(request) = self.requests.iter_mut().find(|request| request.left > 0) {
            request.left -= 1;
        }
        self.requests.retain(|request| request.left > 0);
        match held < wanted.unwrap_or(self.threads) {
            true => Pulled::Task,
            false => Pulled::Surplus,
        }
    }

    /// Notes that a request has expired at the server, which has not sent `left` of its tasks.
    fn note_over(&mut self, number: u64, left: usize) {
        let is_it = |request: &Request| request.number == number;
        let Some(index) = self.requests.iter().position(is_it) else {
            return;
        };
        let Some(request) = self.requests.remove(index) else {
            return;
        };
        // If more were left than are known here, tasks of later requests were taken for its own.
        let mut excess = left.saturating_sub(request.left);
        for later in &mut self.requests {
            let fewer = excess.min(later.left);
            later.left -= fewer;
            excess -= fewer;
        }
        self.requests.retain(|request| request.left > 0);
    }

    /// Forgets all requests: the server that they wait at is gone.
    pub(super) fn abandon(&mut self) {
        self.requests.clear();
    }

    /// Has the server forget all requests, and returns the tasks that it has sent until then. Takes a second at most.
    ///
    /// Without this, the server would find requests that lead nowhere when tasks are given back, and take the first of these
    /// tasks off its list, as it does with expired ones. It looks for such requests when there is a new one.
    pub(super) async fn withdraw(
        self,
        client: &Client,
        consumer: &Consumer<pull::Config>,
        mut pulled: Subscriber,
    ) -> Vec<Message> {
        let mut came = Vec::new();
        let inbox = client.new_inbox();
        let last = pull::BatchConfig {
            batch: 1,
            expires: Some(LAST_EXPIRES),
            ..pull::BatchConfig::default()
        };
        let withdrawn = async {
            let mut answers = client.subscribe(inbox.clone()).await.ok()?;
            pulled.drain().await.ok()?;
            consumer.request_batch(last, inbox.into()).await.ok()?;
            came.extend(answers.next().await);
            while let Some(message) = pulled.next().await {
                came.push(message);
            }
            Some(())
        };
        // If the server does not answer, the tasks are delivered again after the ack wait.
        let _ = tokio::time::timeout(WITHDRAWAL_LIMIT, withdrawn).await;
        came.retain(|message| message.status.is_none_or(|status| status == StatusCode::OK));
        came
    }

    /// Returns how long a request counts. The rest of its time is for the way of the next one to the server.
    fn fresh_for(&self) -> Duration {
        self.expires * 4 / 5
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

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES: Duration = Duration::from_millis(500);

    fn pulls(threads: usize) -> Pulls {
        Pulls::new(threads, "inbox".to_owned(), EXPIRES)
    }

    #[test]
    fn only_short_tasks_wait_in_a_worker() {
        assert_eq!(ahead(None), 0);
        assert_eq!(ahead(Some(Duration::from_secs(1))), 0);
        assert_eq!(ahead(Some(Duration::from_millis(5))), 2);
        assert_eq!(ahead(Some(Duration::from_nanos(500))), 128);
    }

    #[test]
    fn a_request_is_renewed_before_it_expires() {
        let mut pulls = pulls(2);
        let start = Instant::now();
        let request = |pulls: &mut Pulls, after_ms| {
            pulls.next(start + Duration::from_millis(after_ms), 0, None)
        };
        assert_eq!(request(&mut pulls, 0), Some(("inbox.0".to_owned(), 2)));
        assert_eq!(request(&mut pulls, 399), None);
        assert_eq!(request(&mut pulls, 400), Some(("inbox.1".to_owned(), 2)));
        // Also if the server never says that it has expired.
        assert_eq!(request(&mut pulls, 800), Some(("inbox.2".to_owned(), 2)));
        assert_eq!(request(&mut pulls, 1000), None);
        assert_eq!(pulls.requests.len(), 2);
    }

    #[test]
    fn what_two_requests_bring_together_is_more_than_wanted() {
        let mut pulls = pulls(2);
        let start = Instant::now();
        pulls.next(start, 0, None).unwrap();
        pulls.next(start + EXPIRES * 9 / 10, 0, None).unwrap();
        let came: Vec<_> = (0..4).map(|held| pulls.note_task(held)).collect();
        assert_eq!(
            came,
            [Pulled::Task, Pulled::Task, Pulled::Surplus, Pulled::Surplus]
        );
    }

    #[test]
    fn a_task_of_a_later_request_is_counted_there_in_the_end() {
        let mut pulls = pulls(4);
        let start = Instant::now();
        pulls.next(start, 2, None).unwrap();
        pulls.next(start, 0, None).unwrap();
        assert_eq!(pulls.note_task(0), Pulled::Task);
        pulls.note_over(0, 2);
        let left: Vec<_> = pulls.requests.iter().map(|request| request.left).collect();
        assert_eq!(left, [1]);
    }
}
