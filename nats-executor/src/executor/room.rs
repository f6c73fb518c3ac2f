//! Room for tasks: a bound on those without an outcome, and on the bytes of those that are not sent.

use std::sync::Arc;

use concurrent_futures::SubmitError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::block_on::block_on;

/// The bytes that one permit stands for.
const UNIT: usize = 1024;

/// Room for the tasks of an executor.
#[derive(Debug)]
pub(super) struct Room {
    tasks: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    units: u32,
}

impl Room {
    /// Returns room for this many tasks, and for this many bytes.
    pub(super) fn new(tasks: usize, bytes: usize) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let units = units.max(1);
        let most = usize::try_from(units).unwrap_or(usize::MAX);
        Self {
            tasks: Arc::new(Semaphore::new(tasks)),
            bytes: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            units,
        }
    }

    /// Gives no more room. All that wait for it have an error.
    pub(super) fn close(&self) {
        self.tasks.close();
        self.bytes.close();
    }

    /// Returns room for a task. Blocks until there is some, if it may.
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after `close`; [`SubmitError::QueueFull`] if it would have to block and must not.
    pub(super) fn task(&self, may_block: bool) -> Result<OwnedSemaphorePermit, SubmitError> {
        take(&self.tasks, 1, may_block)
    }

    /// Returns room for the bytes of a task; for one that is larger than all room, all of it.
    ///
    /// # Errors
    /// Those of [`task`](Self::task).
    pub(super) fn bytes(
        &self,
        bytes: usize,
        may_block: bool,
    ) -> Result<OwnedSemaphorePermit, SubmitError> {
        take(&self.bytes, self.units_of(bytes), may_block)
    }

    /// The same as [`task`](Self::task), without blocking the thread.
    pub(super) async fn task_async(&self) -> Result<OwnedSemaphorePermit, SubmitError> {
        wait(&self.tasks, 1).await
    }

    /// The same as [`bytes`](Self::bytes), without blocking the thread.
    pub(super) async fn bytes_async(
        &self,
        bytes: usize,
    ) -> Result<OwnedSemaphorePermit, SubmitError> {
        wait(&self.bytes, self.units_of(bytes)).await
    }

    fn units_of(&self, bytes: usize) -> u32 {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        units.min(self.units)
    }
}

fn take(
    semaphore: &Arc<Semaphore>,
    permits: u32,
    may_block: bool,
) -> Result<OwnedSemaphorePermit, SubmitError> {
    match Arc::clone(semaphore).try_acquire_many_owned(permits) {
        Ok(room) => Ok(room),
        Err(TryAcquireError::Closed) => Err(SubmitError::ShutDown),
        Err(TryAcquireError::NoPermits) if !may_block => Err(SubmitError::QueueFull),
        Err(TryAcquireError::NoPermits) => block_on(wait(semaphore, permits)),
    }
}

async fn wait(
    semaphore: &Arc<Semaphore>,
    permits: u32,
) -> Result<OwnedSemaphorePermit, SubmitError> {
    let room = Arc::clone(semaphore).acquire_many_owned(permits).await;
    room.map_err(|_| SubmitError::ShutDown)
}
