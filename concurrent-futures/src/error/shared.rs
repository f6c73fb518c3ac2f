//! The error of a failed task, which all handles of its future share.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The error of a failed task, shared by all handles of its future.
///
/// Dereferences to the error itself, so `failure.downcast_ref::<io::Error>()` recovers its type. Two are equal when
/// they are the same failure, not when their messages are equal.
///
/// ```
/// use std::io;
/// use concurrent_futures::{TaskError, ThreadPoolExecutor};
///
/// let executor = ThreadPoolExecutor::new(1)?;
/// let future = executor.try_submit(|| std::fs::read("/no/such/file"))?;
/// let Err(TaskError::Failed(failure)) = future.result() else { unreachable!() };
/// let error = failure.downcast_ref::<io::Error>().expect("what the task returned");
/// assert_eq!(error.kind(), io::ErrorKind::NotFound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedError(Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// Wraps `error`, which may also be a string.
    ///
    /// ```
    /// assert_eq!(concurrent_futures::SharedError::new("too late").to_string(), "too late");
    /// ```
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

// `SharedError` does not implement `Error`: in a chain of sources it would hide the error inside.
impl Deref for SharedError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for SharedError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedError {}
