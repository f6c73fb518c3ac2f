//! What a running task may ask of its worker.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use concurrent_futures::Context;

/// The context of one task.
#[derive(Debug, Default)]
pub(super) struct TaskContext {
    cancelled: AtomicBool,
    /// When the task started or last reported progress. `None` until it starts, and when it has ended.
    active: Mutex<Option<Instant>>,
}

impl TaskContext {
    /// Notes that the task starts.
    pub(super) fn start(&self) {
        self.note_active();
    }

    /// Notes that the task has ended.
    pub(super) fn end(&self) {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Returns how long the task has not reported progress; `None` if it does not run.
    pub(super) fn silent_for(&self) -> Option<Duration> {
        let active = *self.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.map(|since| since.elapsed())
    }

    /// Notes that the result is not wanted any more.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    fn note_active(&self) {
        let now = Some(Instant::now());
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Context for TaskContext {
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn report_progress(&self, _done: u64, _total: Option<u64>) {
        self.note_active();
    }
}
