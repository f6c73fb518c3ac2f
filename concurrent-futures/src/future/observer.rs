//! The observers of a future, which are notified when it is settled.
//!
//! They are a closed set, so that the value needs no trait bounds: a future whose value borrows can be waited for as
//! well.
//!
//! Callbacks are notified last and run outside any lock, so a callback may use the future in any way. Observers see the
//! state and not the public handle, so that handles and promises can both build on this module.

use std::sync::Arc;
use std::task::Waker;

use crate::error::TaskError;
use crate::future::callbacks::{Callbacks, Due};
use crate::future::queue::Queue;
use crate::future::tally::Tally;
use crate::panics::contain;
use crate::state::State;

/// The state that the handles of a future and its promise share.
pub(crate) type Shared<T> = Arc<State<T, Observer<T>>>;

pub(crate) enum Observer<T> {
    /// Receives the future, for `as_completed`.
    Queue(Arc<Queue<Shared<T>>>),
    /// Counts the outcome, for `wait`.
    Tally(Arc<Tally>),
    /// Wakes a task that awaits the future; the id distinguishes one awaiting task from another.
    Waker(usize, Waker),
    /// Runs with the future, in the queue of callbacks of the thread that settles it.
    Callback(Callback<T>),
}

/// A function that returns the callback together with its future. It calls no foreign code.
pub(crate) type Callback<T> = Box<dyn FnOnce(Shared<T>) -> Due + Send>;

impl<T> Observer<T> {
    pub(crate) fn is_waker(&self, id: usize) -> bool {
        matches!(self, Self::Waker(own, _) if *own == id)
    }

    pub(crate) fn is_tally(&self, tally: &Arc<Tally>) -> bool {
        matches!(self, Self::Tally(own) if Arc::ptr_eq(own, tally))
    }
}

/// Notifies the observers of a settled future, apart from those that run foreign code: the caller must wake the
/// [`Wakers`] and run the callbacks. Without callbacks no handle is created: a thread that was just woken may need to
/// hold the only one.
pub(super) fn notify<T>(shared: &Shared<T>, observers: Vec<Observer<T>>) -> (Wakers, Callbacks) {
    let mut wakers = Vec::new();
    let mut due = Vec::new();
    for observer in observers {
        match observer {
            Observer::Queue(queue) => wakers.extend(queue.push(Arc::clone(shared))),
            Observer::Tally(tally) => {
                let outcome = shared.outcome().map_or(Ok(()), |o| o.map(drop));
                tally.count(outcome.is_err_and(|error| *error != TaskError::Cancelled));
            }
            Observer::Waker(_, waker) => wakers.push(waker),
            Observer::Callback(callback) => due.push(callback(Arc::clone(shared))),
        }
    }
    (Wakers(wakers), Callbacks(due))
}

/// The wakers of the tasks that await a settled future, alone or as one of many.
///
/// A waker may poll its task inline, and that task may take the value out of the only handle. It waits until the
/// promise has released the state, so a promise that sets a value must do so before it wakes.
#[must_use = "the tasks that await a settled future must be woken"]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn wake(self) {
        for waker in self.0 {
            contain(|| waker.wake());
        }
    }
}
