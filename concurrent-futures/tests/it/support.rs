//! A task that waits for the test, so that tests decide what runs when.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use concurrent_futures::{Future, ThreadPoolExecutor};

/// A task that reports its start and then waits until the test opens the gate.
pub(crate) struct Gate {
    started: Receiver<()>,
    continue_sender: Sender<()>,
    pub(crate) future: Future<i32>,
}

impl Gate {
    /// Submits the task. It occupies a worker of `executor`, or a place in its queue, until the gate is opened or
    /// dropped.
    pub(crate) fn submit_to(executor: &ThreadPoolExecutor) -> Self {
        let (start_sender, started) = channel();
        let (continue_sender, continued) = channel();
        let task = move || {
            let _ = start_sender.send(());
            let _ = continued.recv();
            42
        };
        let future = executor.submit(task).expect("the executor takes tasks");
        Self {
            started,
            continue_sender,
            future,
        }
    }

    /// Blocks until the task runs.
    pub(crate) fn wait_until_running(&self) {
        self.started.recv().expect("the task runs");
    }

    /// Lets the task continue and returns its future.
    pub(crate) fn open(self) -> Future<i32> {
        // The task may have been cancelled.
        let _ = self.continue_sender.send(());
        self.future
    }
}

/// Returns a pool with one worker, which is busy until the gate is opened or dropped.
pub(crate) fn busy_pool() -> (ThreadPoolExecutor, Gate) {
    let executor = ThreadPoolExecutor::new(1).expect("one worker");
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    (executor, gate)
}

/// Returns whether the thread at the other end of the channel still waits after `time`. A thread that wrongly does not
/// wait has that much time to be noticed; a correct test costs no more than that.
pub(crate) fn still_waits<T>(receiver: &Receiver<T>, time: Duration) -> bool {
    matches!(receiver.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
