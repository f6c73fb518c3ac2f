//! The most requests at once to one server.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::job::traffic::origin::Origin;

/// A semaphore for each origin to which requests are in progress or waiting. A run has no more of these than connections.
#[derive(Debug)]
pub(super) struct HostLimit {
    most: NonZeroUsize,
    semaphores: Mutex<HashMap<Origin, Arc<Semaphore>>>,
}

/// The right to send one request to an origin, or the wait for it.
#[derive(Debug)]
pub(super) struct HostPermit<'a> {
    limit: &'a HostLimit,
    origin: Origin,
    /// `None` only during drop.
    semaphore: Option<Arc<Semaphore>>,
    /// `None` while waiting, and during drop.
    permit: Option<OwnedSemaphorePermit>,
}

impl HostLimit {
    /// Creates a limit of `most` requests at once to each origin.
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self {
            most,
            semaphores: Mutex::default(),
        }
    }

    /// Waits until fewer than the most requests to `origin` are in progress. First come, first served. Safe to drop at any
    /// await point.
    pub(super) async fn acquire(&self, origin: Origin) -> HostPermit<'_> {
        let new = || Arc::new(Semaphore::new(self.most.get().min(Semaphore::MAX_PERMITS)));
        let semaphore = Arc::clone(self.lock().entry(origin).or_insert_with(new));
        let mut permit = HostPermit {
            limit: self,
            origin,
            semaphore: Some(Arc::clone(&semaphore)),
            permit: None,
        };
        permit.permit = semaphore.acquire_owned().await.ok();
        permit
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Arc<Semaphore>>> {
        // Each change leaves the map valid.
        self.semaphores
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of origins that take memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl HostPermit<'_> {
    /// Returns whether it is for this origin.
    pub(super) fn is_for(&self, origin: Origin) -> bool {
        self.origin == origin
    }
}

impl Drop for HostPermit<'_> {
    fn drop(&mut self) {
        self.permit = None;
        let mut semaphores = self.limit.lock();
        // Dropped before the lock is released. Otherwise two that are dropped at once would each count the other.
        let semaphore = self.semaphore.take();
        // One is in the map, and one is this. New ones are made only under the lock.
        if semaphore.is_some_and(|semaphore| Arc::strong_count(&semaphore) == 2) {
            semaphores.remove(&self.origin);
        }
    }
}
