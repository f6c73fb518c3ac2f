//! Locks that survive panics.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`. Code under the locks of this crate does not panic, so the value of a poisoned one is still consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
