//! Runs calls in the threads of the worker.

use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use concurrent_futures::{Context, TaskError, with_context};
use tokio::sync::oneshot;
use tokio_util::bytes::Bytes;

use super::starts;
use super::state::{HeldTask, Worker};
use crate::envelope::Envelope;
use crate::names::Id;

/// How a call ended.
pub(super) enum Ran {
    /// It has ended. The content of the result's message.
    Ended(Vec<u8>),
    /// It has not started, and another worker may have it.
    NotStarted,
    /// It has not started; the reason.
    PutOff(String),
    /// The thread panicked, outside of the task.
    Panicked(String),
}

/// Lets a thread count the start of a call before it makes it.
struct Gate {
    begins: oneshot::Sender<()>,
    /// Closed without a word if the call must not be made.
    go_on: mpsc::Receiver<()>,
}

impl Gate {
    /// Reports that the thread begins, and waits. Returns whether to go on.
    fn pass(self) -> bool {
        self.begins.send(()).is_ok() && self.go_on.recv().is_ok()
    }
}

/// Runs the call in a thread. With `starts`, this is the number of that start, which is counted when a thread takes the call and
/// before the task begins.
pub(super) async fn run(
    worker: &Arc<Worker>,
    id: &Id,
    task: &HeldTask,
    call: Bytes,
    starts: Option<u32>,
) -> Ran {
    let (begins, begun) = oneshot::channel();
    let (passes, go_on) = mpsc::channel();
    let gate = starts.map(|_| Gate { begins, go_on });
    let (shared, context) = (Arc::clone(worker), Arc::clone(&task.context));
    let future = worker.threads.submit(move || {
        if gate.is_some_and(|gate| !gate.pass()) {
            return None;
        }
        if context.is_cancelled() {
            return Some(Envelope::Cancelled.into_bytes().into());
        }
        context.start();
        let began = Instant::now();
        let mut reply = Envelope::inline();
        let registry = Arc::clone(&shared.registry);
        let current: Arc<dyn Context> = context.clone();
        with_context(current, || registry.call_into(&call, &mut reply));
        context.end();
        shared.counts.ran_for(began.elapsed());
        Some(reply)
    });
    // Fails only if the system cannot start a thread. Another worker may be able to.
    let Ok(future) = future else {
        return Ran::NotStarted;
    };
    let count = async {
        let (Some(starts), Ok(())) = (starts, begun.await) else {
            return Ok(());
        };
        task.is_counted.store(true, Ordering::Relaxed);
        let counted = starts::count(worker, id, starts).await;
        if counted.is_ok() {
            // The thread waits for it.
            let _ = passes.send(());
        }
        // Otherwise the thread learns of it now.
        drop(passes);
        counted
    };
    let end = async {
        tokio::select! {
            _ = &future => {}
            () = worker.draining.cancelled() => {
                if !future.cancel() {
                    let _ = (&future).await;
                }
            }
        }
    };
    let (counted, ()) = tokio::join!(count, end);
    if let Err(message) = counted {
        return Ran::PutOff(format!("its start cannot be counted: {message}"));
    }
    match future.into_result() {
        Ok(Ok(Some(reply))) => Ran::Ended(reply),
        Ok(Err(TaskError::Panicked { message, .. })) => Ran::Panicked(message),
        Ok(_) | Err(_) => Ran::NotStarted,
    }
}
