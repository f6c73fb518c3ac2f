//! The observers of a future, which are notified when it is settled, and the handles that some of them receive. Each
//! type refers to the others, so they share a module.
//!
//! The observers are a closed set, so that the value needs no trait bounds: a future whose value borrows can be waited
//! for as well.
//!
//! Callbacks are notified last and run outside any lock, so a callback may use the future in any way. Observers see the
//! state and not the public handle, so that handles and promises can both build on this module.

use std::hint::spin_loop;
use std::sync::Arc;
use std::task::Waker;

use crate::error::TaskError;
use crate::future::callbacks::{Callbacks, Due};
use crate::future::queue::Queue;
use crate::future::tally::Tally;
use crate::panics::contain;
use crate::state::{Stage, State};

/// How often a handle checks whether it holds the last reference, before it waits for the other holder. That one does
/// nothing slow, and waiting would cost an allocation and perhaps a sleep.
const CHECKS: usize = if cfg!(loom) { 1 } else { 64 };

/// The one allocation of a task: its state and, in a pool of threads, the function to call.
///
/// The function is erased from the type of the handles and the promise. It is `'static`, the value need not be.
pub(crate) struct Cell<T, F: ?Sized = dyn Send + Sync> {
    pub(crate) state: State<T, Observer<T>>,
    pub(crate) function: F,
}

impl<T, F> Cell<T, F> {
    pub(super) fn new(function: F) -> Arc<Self> {
        Arc::new(Self {
            state: State::new(),
            function,
        })
    }
}

/// One of the counted handles of a future.
pub(crate) struct Shared<T>(Arc<Cell<T>>);

impl<T> Shared<T> {
    /// Returns the handle that a new state counts already.
    pub(super) fn first(cell: Arc<Cell<T>>) -> Self {
        Self(cell)
    }

    /// Returns one more handle.
    pub(super) fn new(cell: &Arc<Cell<T>>) -> Self {
        cell.state.add_handle();
        Self(Arc::clone(cell))
    }

    pub(crate) fn state(&self) -> &State<T, Observer<T>> {
        &self.0.state
    }

    /// Same as [`notify`].
    pub(super) fn notify(&self, observers: Vec<Observer<T>>) -> (Wakers, Callbacks) {
        notify(&self.0, observers)
    }

    /// Returns an address that no other live future has.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Takes the value out of a finished future that has one. Returns the handle if there are others.
    pub(super) fn into_value(mut self) -> Result<T, Self> {
        if !self.state().has_one_handle() {
            return Err(self);
        }
        let missing = || unreachable!("the future has a value, which can be taken once");
        for _ in 0..CHECKS {
            if let Some(cell) = Arc::get_mut(&mut self.0) {
                return Ok(cell.state.take_value().unwrap_or_else(missing));
            }
            spin_loop();
        }
        let handover = self.state().hand_over();
        drop(self);
        Ok(handover.wait())
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.state().remove_handle();
    }
}

pub(crate) enum Observer<T> {
    /// Receives the future, for `as_completed`.
    Queue(Arc<Queue<Shared<T>>>),
    /// Counts the outcome, for `wait`.
    Tally(Arc<Tally>),
    /// Wakes a task that awaits the future; the id distinguishes one awaiting task from another.
    Waker(usize, Waker),
    /// Runs if the future was cancelled, in the queue of callbacks. Has no handle.
    Cancel(Box<dyn FnOnce() + Send>),
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
pub(super) fn notify<T>(cell: &Arc<Cell<T>>, observers: Vec<Observer<T>>) -> (Wakers, Callbacks) {
    let mut wakers = Vec::new();
    let mut due = Vec::<Due>::new();
    for observer in observers {
        match observer {
            Observer::Queue(queue) => wakers.extend(queue.push(Shared::new(cell))),
            Observer::Tally(tally) => {
                let outcome = cell.state.outcome().map_or(Ok(()), |o| o.map(drop));
                tally.count(outcome.is_err_and(|error| *error != TaskError::Cancelled));
            }
            Observer::Waker(_, waker) => wakers.push(waker),
            Observer::Cancel(callback) => {
                if cell.state.stage() == Stage::Cancelled {
                    due.push(callback);
                }
            }
            Observer::Callback(callback) => due.push(callback(Shared::new(cell))),
        }
    }
    cell.state.notified();
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_last_holder_passes_the_value_to_the_only_handle() {
        let cell: Arc<Cell<String>> = Cell::new(());
        let shared = Shared::first(Arc::clone(&cell));
        cell.state.settle(Ok("value".to_owned())).unwrap();
        let promise = thread::spawn(move || {
            // The other thread has released the state, and now waits for this one.
            while Arc::strong_count(&cell) > 1 {
                thread::yield_now();
            }
        });
        assert_eq!(shared.into_value().ok().unwrap(), "value");
        promise.join().unwrap();
    }
}
