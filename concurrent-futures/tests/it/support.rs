//! A task that is held, so that tests decide what runs when.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use concurrent_futures::{Future, ThreadPoolExecutor};

/// A task that says when it runs and goes on when told to.
pub(crate) struct Gate {
    begun: Receiver<()>,
    go_on: Sender<()>,
    pub(crate) future: Future<i32>,
}

impl Gate {
    /// Occupies a worker of `executor`, or a place in its queue, until it is opened or dropped.
    pub(crate) fn submit_to(executor: &ThreadPoolExecutor) -> Self {
        let (begins, begun) = channel();
        let (go_on, may_go_on) = channel();
        let task = move || {
            let _ = begins.send(());
            let _ = may_go_on.recv();
            42
        };
        let future = executor.submit(task).expect("the executor takes tasks");
        Self {
            begun,
            go_on,
            future,
        }
    }

    pub(crate) fn wait_until_running(&self) {
        self.begun.recv().expect("the task runs");
    }

    pub(crate) fn open(self) -> Future<i32> {
        // The task may have been cancelled.
        let _ = self.go_on.send(());
        self.future
    }
}

/// A pool with one worker, which is busy until the gate is opened or dropped.
pub(crate) fn busy_pool() -> (ThreadPoolExecutor, Gate) {
    let executor = ThreadPoolExecutor::new(1).expect("one worker");
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    (executor, gate)
}

/// Whether the thread that would send still waits after `time`. One that does not wait, as it should, has that much time to
/// be seen; one that does costs no more.
pub(crate) fn still_waits<T>(receiver: &Receiver<T>, time: Duration) -> bool {
    matches!(receiver.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
