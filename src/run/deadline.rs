//! The time limit of a whole run or comparison.
//!
//! When the time is over, this cancels the same token as a signal, so the run ends in the same order. Strategies and
//! downloads know nothing of it.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// A time limit in progress. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Deadline {
    /// Set to the limit when the time is over.
    passed: Arc<OnceLock<Duration>>,
    /// The thread that waits, which ends when the sender is dropped; `None` without a limit.
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Deadline {
    /// Starts the time limit, if there is one. When it is over, `stop` is cancelled.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn start(limit: Option<Duration>, stop: CancellationToken) -> io::Result<Self> {
        let passed = Arc::<OnceLock<Duration>>::default();
        let start = |limit| {
            let passed = Arc::clone(&passed);
            let (sender, ended) = channel();
            let wait = move || {
                if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                    passed.get_or_init(|| limit);
                    stop.cancel();
                }
            };
            let thread = thread::Builder::new().name("max-time".to_owned());
            Ok::<_, io::Error>((sender, thread.spawn(wait)?))
        };
        Ok(Self {
            waiting: limit.map(start).transpose()?,
            passed,
        })
    }

    /// Returns the limit if the time is over.
    pub(crate) fn passed(&self) -> Option<Duration> {
        self.passed.get().copied()
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.waiting.take() {
            drop(sender);
            // An `Err` is a panic, which that thread has already reported.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_cancelled_only_when_the_time_is_over() {
        for limit in [None, Some(Duration::MAX)] {
            let stop = CancellationToken::new();
            let deadline = Deadline::start(limit, stop.clone()).unwrap();
            assert_eq!(deadline.passed(), None);
            drop(deadline);
            assert!(!stop.is_cancelled());
        }
        let stop = CancellationToken::new();
        let limit = Duration::from_millis(1);
        let mut deadline = Deadline::start(Some(limit), stop.clone()).unwrap();
        let (_sender, thread) = deadline.waiting.take().unwrap();
        thread.join().unwrap();
        assert_eq!(deadline.passed(), Some(limit));
        assert!(stop.is_cancelled());
    }
}
