//! Passes events on in a thread of their own: a function that blocks must not hold up tasks and their signs of life.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::options::{Report, WorkerEvent};

/// The number of events that wait for the function. Further ones are dropped.
const MAX_WAITING: usize = 1024;

/// How long the end of a worker waits until its events are passed on.
const PATIENCE: Duration = Duration::from_secs(1);

struct Reporter {
    events: Option<SyncSender<WorkerEvent>>,
    /// Disconnected when all events are passed on.
    done: Mutex<Receiver<()>>,
}

/// Returns a function that has `report` called in another thread, and does not wait for it.
pub(super) fn in_background(report: Report) -> Report {
    let (events, to_report) = mpsc::sync_channel::<WorkerEvent>(MAX_WAITING);
    let (is_alive, done) = mpsc::channel::<()>();
    let run = move || {
        let _is_alive = is_alive;
        to_report.iter().for_each(|event| report(&event));
    };
    let thread = thread::Builder::new().name("nats-events".to_owned());
    let reporter = Reporter {
        // Without the thread nothing is reported; such a system has no threads for tasks either.
        events: thread.spawn(run).is_ok().then_some(events),
        done: Mutex::new(done),
    };
    Arc::new(move |event| reporter.pass_on(event))
}

impl Reporter {
    fn pass_on(&self, event: &WorkerEvent) {
        if let Some(events) = &self.events {
            let _ = events.try_send(event.clone());
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.events = None;
        let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = done.recv_timeout(PATIENCE);
    }
}
