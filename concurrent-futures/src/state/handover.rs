//! Passes a value from the last holder of a state to the thread that takes it out.

use crate::sync::{Condvar, Mutex, lock, wait_until};

/// A place for one value, and the thread that waits for it.
pub(crate) struct Handover<T> {
    value: Mutex<Option<T>>,
    arrived: Condvar,
}

impl<T> Handover<T> {
    pub(super) fn new() -> Self {
        Self {
            value: Mutex::new(None),
            arrived: Condvar::new(),
        }
    }

    pub(super) fn put(&self, value: Option<T>) {
        *lock(&self.value) = value;
        self.arrived.notify_one();
    }

    /// Waits until the last holder of the state has let go of it.
    pub(crate) fn wait(&self) -> T {
        let mut value = lock(&self.value);
        loop {
            match value.take() {
                Some(value) => return value,
                None => value = wait_until(&self.arrived, value, None),
            }
        }
    }
}
