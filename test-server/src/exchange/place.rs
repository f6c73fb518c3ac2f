//! Places for connections: a limited number may have one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The places under one quota, with the number of those taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Arc<AtomicU64>);

/// A place that is taken. Dropping it frees it.
#[derive(Debug)]
pub(crate) struct Place(Places);

impl Places {
    /// Takes a place if fewer than `most` are taken.
    pub(crate) fn take(&self, most: u64) -> Option<Place> {
        let one_more = |taken| (taken < most).then_some(taken + 1);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok().then(|| Place(self.clone()))
    }

    pub(crate) fn are_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Place {
    /// Returns whether this is one of these places.
    pub(crate) fn is_among(&self, places: &Places) -> bool {
        Arc::ptr_eq(&self.0.0, &places.0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
