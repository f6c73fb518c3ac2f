//! Runs callbacks one after the other, from one queue per thread.
//!
//! A callback may settle another future, whose callbacks then become due in the same thread. These wait in the queue
//! until it returns. If each ran inside the one before, a chain of some thousand would overflow the stack.

use std::cell::RefCell;

use crate::panics::contain;
use crate::sync::thread_local;

/// A callback that is due, with its future.
pub(super) type Due = Box<dyn FnOnce()>;

/// The callbacks of a settled future that are still to be run, in the order added.
#[derive(Default)]
#[must_use = "the callbacks of a settled future must be run"]
pub(crate) struct Callbacks(pub(super) Vec<Due>);

thread_local! {
    /// The callbacks that have become due while this thread runs others. `None` if it runs none.
    static WAITING: RefCell<Option<Vec<Due>>> = RefCell::default();
}

impl Callbacks {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs the callbacks and all others that become due meanwhile. In a callback it only queues them: the outer call
    /// runs them.
    pub(crate) fn run(self) {
        let mut due = self.0;
        if due.is_empty() || queue_in_callback(&mut due) {
            return;
        }
        while !due.is_empty() {
            due.into_iter().for_each(contain);
            due = take_waiting();
        }
    }
}

/// Queues callbacks if this thread runs callbacks now. If not, it counts as running them from here on.
fn queue_in_callback(due: &mut Vec<Due>) -> bool {
    let queued = WAITING.try_with(|waiting| {
        let mut waiting = waiting.borrow_mut();
        match &mut *waiting {
            Some(waiting) => waiting.append(due),
            None => *waiting = Some(Vec::new()),
        }
        due.is_empty()
    });
    // The thread is ending and its queue is gone: they run at once.
    queued.unwrap_or(false)
}

/// Takes the callbacks that have become due. If there are none, the thread no longer counts as running callbacks.
fn take_waiting() -> Vec<Due> {
    let taken = WAITING.try_with(|waiting| {
        let mut waiting = waiting.borrow_mut();
        let due = waiting.take().unwrap_or_default();
        *waiting = (!due.is_empty()).then(Vec::new);
        due
    });
    taken.unwrap_or_default()
}
