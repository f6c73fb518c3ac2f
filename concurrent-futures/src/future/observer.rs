//! The observers of a future, which are notified when it is settled. A closed set, so that nothing is asked of the type of
//! the value: also a value that borrows can be waited for.
//!
//! Callbacks are the last to be notified and run outside any lock: a callback may do with the future whatever it likes.
//! Observers see the state and not the public handle, so that handles and promises can both build on this.

use std::sync::Arc;
use std::task::Waker;

use crate::error::TaskError;
use crate::future::queue::Queue;
use crate::future::tally::Tally;
use crate::panics::contain;
use crate::state::State;

/// What the handles of a future and its promise share.
pub(crate) type Shared<T> = Arc<State<T, Observer<T>>>;

pub(crate) enum Observer<T> {
    /// Wants the future itself.
    Queue(Arc<Queue<Shared<T>>>),
    /// Wants to know what became of it.
    Tally(Arc<Tally>),
    /// Awaits it; the number tells one who awaits from another.
    Waker(usize, Waker),
    /// Wants it lent.
    Callback(Callback<T>),
}

pub(crate) type Callback<T> = Box<dyn FnOnce(&Shared<T>) + Send>;

impl<T> Observer<T> {
    pub(crate) fn is_waker(&self, number: usize) -> bool {
        matches!(self, Self::Waker(known, _) if *known == number)
    }

    pub(crate) fn is_tally(&self, tally: &Arc<Tally>) -> bool {
        matches!(self, Self::Tally(known) if Arc::ptr_eq(known, tally))
    }
}

/// Notifies all observers of a future that it is settled. The caller runs the callbacks.
pub(super) fn notify<T>(shared: &Shared<T>, observers: Vec<Observer<T>>) -> Callbacks<T> {
    let mut callbacks = Vec::new();
    for observer in observers {
        match observer {
            Observer::Queue(queue) => queue.push(Arc::clone(shared)),
            Observer::Tally(tally) => {
                let outcome = shared.outcome().map_or(Ok(()), |o| o.map(drop));
                tally.count(outcome.is_err_and(|error| *error != TaskError::Cancelled));
            }
            Observer::Waker(_, waker) => contain(|| waker.wake()),
            Observer::Callback(callback) => callbacks.push(callback),
        }
    }
    // Without callbacks no handle is made, for whoever was woken may want to be the only one.
    let shared = (!callbacks.is_empty()).then(|| Arc::clone(shared));
    Callbacks { shared, callbacks }
}

/// What is left to do for a settled future.
#[must_use = "the callbacks of a settled future must be run"]
pub(crate) struct Callbacks<T> {
    /// None when there are no callbacks.
    shared: Option<Shared<T>>,
    callbacks: Vec<Callback<T>>,
}

impl<T> Callbacks<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.callbacks.is_empty()
    }

    pub(crate) fn run(self) {
        if let Some(shared) = self.shared {
            for callback in self.callbacks {
                contain(|| callback(&shared));
            }
        }
    }
}
