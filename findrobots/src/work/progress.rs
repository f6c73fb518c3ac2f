//! How many bytes have been read so far.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count of bytes, shared by the workers of this process.
///
/// It does not travel to other processes: what these read is added when their tasks have ended.
#[derive(Debug, Clone, Default)]
pub struct Progress(Option<Arc<AtomicU64>>);

impl Progress {
    /// Returns a count of zero.
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Returns the number of bytes, of the files as they are on disk.
    pub fn bytes(&self) -> u64 {
        let bytes = self.0.as_ref();
        bytes.map_or(0, |bytes| bytes.load(Ordering::Relaxed))
    }

    /// Adds bytes that have been read.
    pub(super) fn add(&self, bytes: u64) {
        if let Some(count) = &self.0 {
            count.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}
