//! The threads of a pool, and the wait for their end.
//!
//! A shutdown waits for the threads, at most until its deadline. The standard library joins a thread without a time
//! limit only, so the threads are counted as well.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::sync::{Condvar, Mutex, deadline_in, has_passed, lock, wait_until};

thread_local! {
    /// The address of the threads that this thread is one of. Only compared, never dereferenced.
    static OWN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The threads of a pool, with handles of the type `H`.
pub(crate) struct Threads<H> {
    handles: Mutex<Vec<H>>,
    count: Arc<Count>,
    /// Held while the threads are joined, so that a second caller waits as long as the first.
    joining: Mutex<()>,
}

struct Count {
    running: Mutex<usize>,
    ended: Condvar,
}

/// A handle of a thread.
pub(crate) trait Join {
    /// Waits for the end of the thread. Panics in it are caught there.
    fn join(self);
}

impl Join for JoinHandle<()> {
    fn join(self) {
        let _ = Self::join(self);
    }
}

/// Held by a thread of a pool for as long as it runs.
pub(crate) struct Running {
    count: Arc<Count>,
}

impl Running {
    /// Marks the current thread as one of the pool: the thread that was started, or one that it has started itself.
    pub(crate) fn enter(&self) {
        OWN.set(Some(self.count.address()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *lock(&self.count.running) -= 1;
        self.count.ended.notify_all();
    }
}

impl Count {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<H: Join> Threads<H> {
    pub(crate) fn new() -> Self {
        Self {
            handles: Mutex::new(Vec::new()),
            count: Arc::new(Count {
                running: Mutex::new(0),
                ended: Condvar::new(),
            }),
            joining: Mutex::new(()),
        }
    }

    /// Starts a thread, which keeps what it is given for as long as it runs.
    ///
    /// # Errors
    /// Those of `start`.
    pub(crate) fn start(&self, start: impl FnOnce(Running) -> io::Result<H>) -> io::Result<()> {
        *lock(&self.count.running) += 1;
        let count = Arc::clone(&self.count);
        let handle = start(Running { count })?;
        lock(&self.handles).push(handle);
        Ok(())
    }

    /// Returns whether the current thread is one of these.
    pub(crate) fn is_own(&self) -> bool {
        OWN.get() == Some(self.count.address())
    }

    /// Waits until all threads have ended, including those that are started meanwhile, at most for `timeout`. Returns
    /// whether they have. In one of the threads it does not wait, because the thread cannot wait for itself.
    pub(crate) fn join(&self, timeout: Option<Duration>) -> bool {
        if self.is_own() || !self.wait(timeout) {
            return false;
        }
        let _joining = lock(&self.joining);
        loop {
            // The lock is not held while joining: the thread may have to start another one.
            let Some(handle) = lock(&self.handles).pop() else {
                return true;
            };
            handle.join();
        }
    }

    /// Waits until no thread runs. Returns false after the timeout.
    fn wait(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(deadline_in);
        let mut running = lock(&self.count.running);
        while *running > 0 {
            if has_passed(deadline) {
                return false;
            }
            running = wait_until(&self.count.ended, running, deadline);
        }
        true
    }
}
