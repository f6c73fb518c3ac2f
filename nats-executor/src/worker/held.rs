//! One task, from its delivery to its acknowledgement: it is run, its result is stored, and then it is acknowledged. If the worker
//! ends anywhere between, the server delivers the task to another one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_nats::Subject;
use async_nats::jetstream::Message;
use concurrent_futures::with_context;
use portable_task::reply_error;
use tokio_util::bytes::Bytes;

use super::context::TaskContext;
use super::starts::{Again, start_again};
use super::state::Worker;
use crate::envelope::{Envelope, HEAD, id_of};
use crate::link::StoreError;
use crate::names::Id;
use crate::objects;

/// How long a task runs before its executor learns that it has started. Most tasks are over by then.
const START_NOTICE: Duration = Duration::from_millis(5);

/// The pause before a task that cannot be dealt with now is delivered again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What is done with the message of a task in the end.
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
    let Some(context) = worker.hold(&id) else {
        return acknowledge(&worker, reply_to, "+ACK").await;
    };
    let end = tokio::select! {
        end = run(&worker, &id, &context, &message) => end,
        () = keep_alive(&worker, &id, &context, &reply_to) => End::Later,
    };
    worker.release(&id, &context);
    let kind = match end {
        End::Acknowledge => "+ACK".to_owned(),
        End::GiveBack => "-NAK".to_owned(),
        End::Later => format!("-NAK {{\"delay\": {}}}", RETRY_PAUSE.as_nanos()),
    };
    acknowledge(&worker, reply_to, &kind).await;
}

async fn acknowledge(worker: &Worker, reply_to: Subject, kind: &str) {
    // What is not acknowledged is delivered again, and its second result is not used.
    let kind = Bytes::copy_from_slice(kind.as_bytes());
    let _ = worker.link.client.publish(reply_to, kind).await;
}

/// Gives signs of life for the task, and reports its start. Never returns.
async fn keep_alive(worker: &Worker, id: &Id, context: &TaskContext, reply_to: &Subject) {
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
        let silent = context.silent_for();
        if !reported && silent.is_some() {
            reported = true;
            let subject = worker.names.started(&id.executor);
            let number = id.number.to_string();
            let _ = worker.link.client.publish(subject, number.into()).await;
        }
        wait = longer(wait, interval);
        if next_sign <= Instant::now() {
            next_sign += interval;
            let is_stuck = silent > worker.run_limit && worker.run_limit.is_some();
            // Without a connection they would all be sent when it is back.
            if !is_stuck && worker.link.state().is_up {
                acknowledge(worker, reply_to.clone(), "+WPI").await;
            }
        }
    }
}

/// Returns the next time to wait, twice as long and at most `interval`: a task may run for days.
fn longer(wait: Duration, interval: Duration) -> Duration {
    wait.saturating_mul(2).min(interval)
}

async fn run(worker: &Arc<Worker>, id: &Id, context: &Arc<TaskContext>, message: &Message) -> End {
    let deliveries = message.info().map_or(1, |info| info.delivered);
    // Held until the task is over.
    let _alone = if deliveries > 1 {
        let alone = tokio::select! {
            alone = Arc::clone(&worker.alone).acquire_owned() => alone,
            () = worker.draining.cancelled() => return End::GiveBack,
        };
        match start_again(worker, id).await {
            Ok(Again::Start) => {}
            Ok(Again::Lost(starts, last)) => {
                let lost = Envelope::Lost(starts, last).into_bytes();
                return finish(worker, id, lost).await;
            }
            Err(message) => {
                worker.report_problem(message);
                return End::Later;
            }
        }
        Some(alone)
    } else {
        None
    };
    let (call, object) = match Envelope::open(&message.payload) {
        Some(Envelope::Inline(call)) => (call, None),
        Some(Envelope::Object(name)) => {
            match objects::fetch(&worker.link, &worker.names, &name).await {
                Ok(call) => (call, Some(name)),
                Err(message) => {
                    worker.report_problem(message);
                    return End::Later;
                }
            }
        }
        Some(Envelope::Foreign(version)) => {
            return finish(worker, id, Envelope::refusal(version).into_bytes()).await;
        }
        // The registry answers that it cannot decode it.
        _ => (Bytes::new(), None),
    };
    let Some(mut reply) = run_in_thread(worker, context, call).await else {
        return End::GiveBack;
    };
    worker.counts.done.fetch_add(1, Ordering::Relaxed);
    if reply_error(&reply[HEAD..]).is_some() {
        worker.counts.failed.fetch_add(1, Ordering::Relaxed);
    }
    let limit = worker.options.max_bytes;
    if reply.len() > limit {
        let size = |n| u64::try_from(n).unwrap_or(u64::MAX);
        let too_large = Envelope::TooLarge(size(reply.len()), size(limit));
        reply = too_large.into_bytes().into();
    }
    let end = finish(worker, id, reply.into()).await;
    if let Some(name) = object
        && matches!(end, End::Acknowledge)
    {
        objects::remove(&worker.link, &worker.names, &name).await;
    }
    end
}

/// Runs the call in a thread, and returns the content of the result's message. Returns `None` if the worker is to stop before the
/// call has started.
async fn run_in_thread(
    worker: &Arc<Worker>,
    context: &Arc<TaskContext>,
    call: Bytes,
) -> Option<Vec<u8>> {
    let (shared, task_context) = (Arc::clone(worker), Arc::clone(context));
    let future = worker.threads.submit(move || {
        task_context.start();
        let began = Instant::now();
        let mut reply = Envelope::inline();
        let registry = Arc::clone(&shared.registry);
        with_context(task_context, || registry.call_into(&call, &mut reply));
        shared.counts.ran_for(began.elapsed());
        reply
    });
    // Fails only if the system cannot start a thread. Another worker may be able to.
    let future = future.ok()?;
    tokio::select! {
        _ = &future => {}
        () = worker.draining.cancelled() => {
            if future.cancel() {
                return None;
            }
            let _ = (&future).await;
        }
    }
    future.into_result().ok()?.ok()
}

/// Has the server store the result.
async fn finish(worker: &Worker, id: &Id, content: Bytes) -> End {
    let name = format!("{id}.value");
    let packed = objects::pack(&worker.link, &worker.names, &name, content).await;
    let content = match packed {
        Ok(content) => content,
        Err(message) => {
            worker.report_problem(message);
            return End::Later;
        }
    };
    let subject = worker.names.results(&id.executor);
    loop {
        match worker
            .link
            .store(&subject, &id.to_string(), content.clone(), None)
            .await
        {
            Ok(_) => return End::Acknowledge,
            // Cannot happen without a deadline.
            Err(
                StoreError::Unsent(message)
                | StoreError::Unknown(message)
                | StoreError::Refused(message),
            ) => {
                worker.report_problem(message);
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
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
}
