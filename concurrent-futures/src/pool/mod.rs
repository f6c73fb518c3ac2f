//! What pools of threads and pools of processes have in common.
//!
//! * `threads`: the threads of a pool, and the wait for their end

mod threads;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use threads::{Join, Running, Threads};

/// Locks `mutex`. Code under the locks of a pool does not panic, so the value of a poisoned one is still consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
