//! Counts the unfinished tasks of a pool: the one figure that a task updates itself, at the moment its call returns.
//!
//! The count decides whether to start a worker. When all are started it decides nothing more, and further tasks are not
//! counted: all threads would write to the same place twice per task.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The number of counted tasks that are queued, running, or running their callbacks.
#[derive(Default)]
pub(super) struct TaskCounter {
    tasks: AtomicUsize,
    retired: AtomicBool,
}

/// Whether a task was counted when it was submitted.
#[derive(Clone, Copy)]
#[must_use = "the task must be removed from the count"]
pub(super) struct Ticket {
    counted: bool,
}

impl TaskCounter {
    /// Counts one more task, unless the counter is retired.
    pub(super) fn add(&self) -> Ticket {
        let counted = !self.retired.load(Ordering::Relaxed);
        if counted {
            self.tasks.fetch_add(1, Ordering::Relaxed);
        }
        Ticket { counted }
    }

    pub(super) fn remove(&self, ticket: Ticket) {
        if ticket.counted {
            self.tasks.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.tasks.load(Ordering::Relaxed)
    }

    /// Stops counting further tasks.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }
}
