//! The few parts of the standard library that the state machine stands on, or loom's models of them.
//!
//! Built with `--cfg loom` the crate runs on loom, which tries every order in which threads may meet. Whatever decides
//! between cancelling, starting, settling and waiting takes its locks and atomics from here and nowhere else.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

#[cfg(loom)]
pub(crate) use loom::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU8, Ordering},
    },
    thread::yield_now,
};
#[cfg(not(loom))]
pub(crate) use std::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU8, Ordering},
    },
    thread::yield_now,
};

/// Nothing that can panic happens under the crate's locks, so a poisoned one holds what it should.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits to be woken, at most until `deadline`; may also return for no reason at all.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> MutexGuard<'a, T> {
    let Some(deadline) = deadline else {
        return condvar.wait(guard).unwrap_or_else(PoisonError::into_inner);
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let waited = condvar.wait_timeout(guard, left);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// The moment in `timeout` from now; none, which is never, when that is beyond what the clock can tell.
pub(crate) fn deadline_in(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

pub(crate) fn has_passed(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
