//! One task, from its delivery to its acknowledgement: it is run, its result is stored, and then it is acknowledged. If the worker
//! ends anywhere between, the server delivers the task to another one.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_nats::Subject;
use async_nats::jetstream::Message;
use concurrent_futures::Context as _;
use futures_util::FutureExt as _;
use portable_task::reply_error;
use tokio_util::bytes::Bytes;

use super::starts::{self, Starts};
use super::state::{Delivery, HeldTask, Worker};
use super::storing;
use super::threads::{self, Ran};
use crate::envelope::{Envelope, HEAD, id_of};
use crate::names::Id;
use crate::objects::{self, FetchError};

/// How long a task runs before its executor learns that it has started. Most tasks are over by then.
const START_NOTICE: Duration = Duration::from_millis(5);

/// The pause before a task that cannot be dealt with now is delivered again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The number of starts without an end after which a task runs beside no other such task. One start without an end is often the
/// fault of another task, or of none.
const SUSPECT_STARTS: u32 = 2;

/// How long the content of a large task may not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is done with the message of a task in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The task is over: the message is removed.
    Acknowledge,
    /// Another worker may have it at once.
    GiveBack,
    /// It is delivered again after a pause.
    Later,
}

/// Runs a task, and tells the server of it.
pub(super) async fn handle(worker: Arc<Worker>, message: Message) {
    let Some(reply_to) = message.reply.clone() else {
        return;
    };
    let Some(id) = id_of(&message) else {
        // Not a task. It would come again and again.
        return acknowledge(&worker, reply_to, "+TERM").await;
    };
    let task = match worker.hold(&id, reply_to.clone()) {
        Delivery::New(task) => task,
        Delivery::Again(task) => {
            // The server could not hear this worker, or has delivered the task twice. It runs here already; another copy would
            // count as a start. Only if it is stuck, another worker is to have it.
            if task.is_stuck(worker.run_limit) {
                settle(&worker, reply_to, End::Later).await;
            }
            return;
        }
        // The acknowledgement has not arrived in time.
        Delivery::Ended => return settle(&worker, reply_to, End::Acknowledge).await,
    };
    let deliveries = message.info().map_or(1, |info| info.delivered);
    let ran = AssertUnwindSafe(run(&worker, &id, &task, &message, deliveries > 1));
    let outcome = async {
        match ran.catch_unwind().await {
            Ok(end) => end,
            Err(panic) => {
                let message = format!("the worker panicked: {}", text_of(&*panic));
                worker.report_problem(message.clone());
                let content = Envelope::Panicked(message).into_bytes();
                finish(&worker, &id, content).await
            }
        }
    };
    let end = tokio::select! {
        end = outcome => end,
        () = keep_alive(&worker, &id, &task, deliveries == 1) => End::Later,
    };
    let is_over = end == End::Acknowledge;
    worker.release(&id, is_over);
    settle(&worker, task.delivery(), end).await;
    if is_over && let Ok(info) = message.info() {
        worker.finished.note(info.stream_sequence);
        let stored = info.published.unix_timestamp_nanos();
        worker.finished.note_time(stored);
    }
    if is_over && task.is_counted.load(Ordering::Relaxed) {
        starts::forget(&worker, &id).await;
    }
    // Not before: while the task may be delivered again, its content may be needed.
    if is_over && let Some(Envelope::Object(name)) = Envelope::open(&message.payload) {
        objects::remove(&worker.link, &worker.names, &name).await;
    }
}

/// Has a task that the worker has not begun delivered to another one.
pub(super) async fn give_back(worker: &Worker, reply_to: Option<Subject>) {
    if let Some(reply_to) = reply_to {
        settle(worker, reply_to, End::GiveBack).await;
    }
}

async fn settle(worker: &Worker, reply_to: Subject, end: End) {
    match end {
        End::Acknowledge => acknowledge(worker, reply_to, "+ACK").await,
        End::GiveBack => acknowledge(worker, reply_to, "-NAK").await,
        End::Later => {
            let delay = format!("-NAK {{\"delay\": {}}}", RETRY_PAUSE.as_nanos());
            acknowledge(worker, reply_to, &delay).await;
        }
    }
}

async fn acknowledge(worker: &Worker, reply_to: Subject, kind: &str) {
    // What is not acknowledged is delivered again, and its second result is not used.
    let kind = Bytes::copy_from_slice(kind.as_bytes());
    let _ = worker.link.client.publish(reply_to, kind).await;
}

/// Returns what a panic says.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Gives signs of life for the task, and reports its start. Never returns.
async fn keep_alive(worker: &Worker, id: &Id, task: &HeldTask, is_first: bool) {
    let interval = worker.ack_wait / 3;
    let mut next_sign = Instant::now() + interval;
    let mut reported = false;
    let mut wait = START_NOTICE;
    loop {
        let until_sign = next_sign.saturating_duration_since(Instant::now());
        tokio::time::sleep(if reported {
            until_sign
        } else {
            wait.min(until_sign)
        })
        .await;
        if !reported && task.context.silent_for().is_some() {
            reported = true;
            let subject = worker.names.started(&id.executor);
            let number = id.number.to_string();
            let _ = worker.link.client.publish(subject, number.into()).await;
            if is_first {
                task.is_counted.store(true, Ordering::Relaxed);
                starts::count_first(worker, id).await;
            }
        }
        wait = longer(wait, interval);
        if next_sign <= Instant::now() {
            next_sign += interval;
            // Without a connection they would all be sent when it is back.
            if !task.is_stuck(worker.run_limit) && worker.link.state().is_up {
                acknowledge(worker, task.delivery(), "+WPI").await;
            }
        }
    }
}

/// Returns the next time to wait, twice as long and at most `interval`: a task may run for days.
fn longer(wait: Duration, interval: Duration) -> Duration {
    wait.saturating_mul(2).min(interval)
}

async fn run(
    worker: &Arc<Worker>,
    id: &Id,
    task: &HeldTask,
    message: &Message,
    is_again: bool,
) -> End {
    if task.context.is_cancelled() {
        // Its executor waits for a result, if the task ran elsewhere when it was cancelled.
        return finish(worker, id, Envelope::Cancelled.into_bytes()).await;
    }
    let starts = match is_again {
        true => starts::counted(worker, id).await,
        false => Ok(Starts::default()),
    };
    let starts = match starts {
        Ok(starts) => starts,
        Err(message) => return put_off(worker, message),
    };
    if starts.count > 0 {
        task.is_counted.store(true, Ordering::Relaxed);
    }
    if starts.count >= worker.options.max_starts {
        let last = format!("{} started it last", starts.last);
        let lost = Envelope::Lost(starts.count, last).into_bytes();
        return finish(worker, id, lost).await;
    }
    // Held until the task is over.
    let _alone = if starts.count >= SUSPECT_STARTS {
        match Arc::clone(&worker.alone).try_acquire_owned() {
            Ok(alone) => Some(alone),
            Err(_) => return End::Later,
        }
    } else {
        None
    };
    let is_large = matches!(Envelope::open(&message.payload), Some(Envelope::Object(_)));
    let _large = if is_large {
        tokio::select! {
            large = Arc::clone(&worker.large).acquire_owned() => Some(large),
            () = worker.draining.cancelled() => return End::GiveBack,
        }
    } else {
        None
    };
    let call = match call_of(worker, message).await {
        Ok(call) => call,
        Err(NoCall::Result(envelope)) => return finish(worker, id, envelope.into_bytes()).await,
        Err(NoCall::End(end)) => return end,
    };
    let number = is_again.then_some(starts.count + 1);
    let mut reply = match threads::run(worker, id, task, call, number).await {
        Ran::Ended(reply) => reply,
        Ran::NotStarted => return End::GiveBack,
        Ran::PutOff(message) => return put_off(worker, message),
        Ran::Panicked(message) => {
            let message = format!("the worker panicked: {message}");
            worker.report_problem(message.clone());
            Envelope::Panicked(message).into_bytes().into()
        }
    };
    worker.counts.done.fetch_add(1, Ordering::Relaxed);
    if Envelope::is_inline(&reply) && reply_error(&reply[HEAD..]).is_some() {
        worker.counts.failed.fetch_add(1, Ordering::Relaxed);
    }
    let limit = worker.options.max_bytes;
    if reply.len() > limit {
        let too_large = Envelope::TooLarge(count(reply.len()), count(limit));
        reply = too_large.into_bytes().into();
    }
    finish(worker, id, reply.into()).await
}

/// Why there is no call.
enum NoCall {
    /// There never will be. The result of the task.
    Result(Envelope),
    End(End),
}

/// Returns the call in a message, or in the object that it names.
async fn call_of(worker: &Worker, message: &Message) -> Result<Bytes, NoCall> {
    let name = match Envelope::open(&message.payload) {
        Some(Envelope::Inline(call)) => return Ok(call),
        Some(Envelope::Object(name)) => name,
        Some(Envelope::Foreign(version)) => {
            return Err(NoCall::Result(Envelope::refusal(version)));
        }
        // The registry answers that it cannot decode it.
        _ => return Ok(Bytes::new()),
    };
    let limit = worker.options.max_bytes;
    let fetched = tokio::select! {
        fetched = objects::fetch(&worker.link, &worker.names, &name, limit, PATIENCE) => fetched,
        () = worker.draining.cancelled() => return Err(NoCall::End(End::GiveBack)),
    };
    fetched.map_err(|error| match error {
        FetchError::TooLarge(size) => NoCall::Result(Envelope::TaskTooLarge(size, count(limit))),
        FetchError::Gone(message) => {
            let reason = format!("the content of the task cannot be read: {message}");
            NoCall::Result(Envelope::Unreadable(reason))
        }
        FetchError::Failed(message) => {
            let reason = format!("the content of the task cannot be read: {message}");
            NoCall::End(put_off(worker, reason))
        }
    })
}

fn put_off(worker: &Worker, message: String) -> End {
    worker.report_problem(message);
    End::Later
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Has the server store the result.
async fn finish(worker: &Worker, id: &Id, content: Bytes) -> End {
    match storing::store(worker, id, content).await {
        true => End::Acknowledge,
        false => End::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_may_run_for_days() {
        let interval = Duration::from_secs(3);
        let waits = std::iter::successors(Some(START_NOTICE), |wait| Some(longer(*wait, interval)));
        let waits: Vec<_> = waits.take(100_000).collect();
        assert!(waits.is_sorted());
        assert_eq!(
            (waits[1], waits.last()),
            (2 * START_NOTICE, Some(&interval))
        );
    }

    #[test]
    fn the_text_of_a_panic_is_kept() {
        let text = |panic: Box<dyn Any + Send>| text_of(&*panic);
        assert_eq!(text(Box::new("no such flag")), "no such flag");
        assert_eq!(text(Box::new("no such flag".to_owned())), "no such flag");
        assert_eq!(text(Box::new(7)), "a panic without a message");
    }
}
