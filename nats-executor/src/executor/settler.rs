//! The thread that settles tasks, so that callbacks do not hold up the connection.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use concurrent_futures::TaskError;
use tokio_util::bytes::Bytes;

use super::job::Pending;
use super::ledger::{Entry, Ledger};

/// What to settle.
pub(super) enum Outcome {
    /// The reply for the task with this number, if it is still in the ledger.
    Reply(u64, Result<Bytes, TaskError>),
    /// The task with this number, which was taken out of the ledger, with its error.
    Failed(u64, Entry, TaskError),
    /// All tasks that are pending are cancelled. The sender is then dropped.
    CancelPending(mpsc::Sender<()>),
    /// The last outcome.
    End,
}

/// Sends outcomes to the settler.
pub(super) type Outcomes = mpsc::Sender<Outcome>;

/// Settles a task, also if the drop of its value panics, of which this thread must not end.
fn settle(entry: Entry, left: Option<Box<dyn Pending>>, reply: Result<Bytes, TaskError>) {
    // The panic was printed, and the future has an outcome.
    let _ = catch_unwind(AssertUnwindSafe(|| entry.settle(left, reply)));
}

/// Starts the thread.
pub(super) fn start(ledger: Arc<Ledger>) -> io::Result<(Outcomes, JoinHandle<()>)> {
    let (sender, outcomes) = mpsc::channel();
    let run = move || {
        // The promises of running tasks that were to be cancelled when their entries left the ledger.
        let mut left = HashMap::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Reply(number, reply) => {
                    if let Some(entry) = ledger.take(number) {
                        settle(entry, None, reply);
                    }
                }
                Outcome::Failed(number, entry, error) => {
                    settle(entry, left.remove(&number), Err(error));
                }
                Outcome::CancelPending(done) => {
                    left.extend(ledger.cancel_pending());
                    drop(done);
                }
                Outcome::End => return,
            }
        }
    };
    let name = "nats-settler".to_owned();
    let thread = thread::Builder::new().name(name).spawn(run)?;
    Ok((sender, thread))
}
