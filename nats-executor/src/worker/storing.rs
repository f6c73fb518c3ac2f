//! Results on their way to the server.

use std::time::{Duration, Instant};

use tokio_util::bytes::Bytes;

use super::state::Worker;
use crate::link::StoreError;
use crate::names::Id;
use crate::objects;

/// How long the server may refuse a result before the task is given to another worker.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the server may refuse a result before that is reported.
const REPORT_AFTER: Duration = Duration::from_secs(2);

/// The time between two attempts that were reported.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Has the server store the result of a task. Waits for the connection for as long as that takes, but returns false if the server
/// refuses the result or does not confirm it for too long: another worker may be able to.
pub(super) async fn store(worker: &Worker, id: &Id, content: Bytes) -> bool {
    let (link, names) = (&worker.link, &worker.names);
    // Of its own for each run of the task, which may run twice: what one reads, the other must not replace.
    let name = format!("{id}.{:08x}.value", fastrand::u32(..));
    let is_large = content.len() > link.max_message();
    let subject = names.results(&id.executor);
    let unstored = names.unstored(&id.executor);
    let number = id.number;
    let id = id.to_string();
    let mut refused_since = None;
    // Whether an earlier attempt may have stored it, with the name of this object.
    let mut may_be_stored = false;
    loop {
        let attempt = async {
            let give_up = Instant::now() + REPORT_AFTER;
            let content = objects::pack(link, names, &name, content.clone(), give_up).await?;
            let give_up = Some(Instant::now() + REPORT_AFTER);
            link.store(&subject, &id, content, give_up).await
        };
        let message = match attempt.await {
            Ok(stored) => {
                if is_large && stored.was_there && !may_be_stored {
                    // Another run of the task has sent its value.
                    objects::remove(link, names, &name).await;
                }
                return true;
            }
            Err(StoreError::Unsent(_)) => {
                refused_since = None;
                continue;
            }
            Err(StoreError::Unknown(message)) => {
                may_be_stored = true;
                if !link.state().is_up {
                    continue;
                }
                message
            }
            Err(StoreError::Refused(message)) => message,
        };
        let problem = format!("its result cannot be stored: {message}");
        // Not stored either, so that it arrives although the store is full. If it does not, the next one may.
        let notice = format!("{number} {problem}");
        let _ = link.client.publish(unstored.clone(), notice.into()).await;
        worker.report_problem(problem);
        let since = *refused_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            return false;
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}
