//! Barriers.

use std::time::Duration;

use super::handle;
use crate::manager::client::Handle;
use crate::manager::error::ManagerError;
use crate::manager::protocol::{BarrierRequest, Reply, Request, Wait};

/// A point between processes that threads pass together, when a number of them has arrived.
///
/// Created by [`Manager::barrier`](crate::Manager::barrier). Clones are of the same barrier, and a handle can be sent to
/// other processes. If a thread that waits ends, or its time is up, the barrier breaks: all that wait, and all that come
/// later, receive [`ManagerError::BrokenBarrier`] until it is [`reset`](Self::reset).
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::{Manager, ManagerError, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let barrier = manager.barrier(2)?;
///     let other_thread = barrier.clone();
///     let waits = std::thread::spawn(move || other_thread.wait());
///     let index = barrier.wait()?;
///     assert_eq!(index + waits.join().unwrap()?, 1); // one is the first, the other the second
///
///     let timed_out = barrier.wait_timeout(Duration::from_millis(1));
///     assert!(matches!(timed_out, Err(ManagerError::BrokenBarrier)));
///     assert!(barrier.is_broken()?);
///     barrier.reset()?;
///     assert_eq!((barrier.parties()?, barrier.waiting()?), (2, 0));
///     barrier.abort()?; // breaks it
///     assert!(barrier.wait().is_err());
///     Ok(())
/// }
/// ```
pub struct Barrier {
    handle: Handle,
}

handle!(Barrier);

impl Barrier {
    fn ask(&self, request: BarrierRequest) -> Result<Reply, ManagerError> {
        self.handle.ask(&Request::Barrier(self.handle.id, request))
    }

    /// Waits until all parties have arrived. Returns the place of this thread in the order of arrival, from 0.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::BrokenBarrier`] if the barrier is broken, or breaks meanwhile. If the manager has ended.
    pub fn wait(&self) -> Result<usize, ManagerError> {
        self.wait_within(None)
    }

    /// Waits at most this long until all parties have arrived. The barrier breaks if they have not.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::BrokenBarrier`] if the barrier is broken, or breaks meanwhile. If the manager has ended.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, ManagerError> {
        self.wait_within(Some(timeout))
    }

    fn wait_within(&self, wait: Wait) -> Result<usize, ManagerError> {
        self.ask(BarrierRequest::Wait(wait))?.count()
    }

    /// Breaks the barrier.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn abort(&self) -> Result<(), ManagerError> {
        self.ask(BarrierRequest::Abort)?.done()
    }

    /// Makes the barrier whole again. Threads that wait receive [`ManagerError::BrokenBarrier`].
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn reset(&self) -> Result<(), ManagerError> {
        self.ask(BarrierRequest::Reset)?.done()
    }

    /// Returns whether the barrier is broken.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn is_broken(&self) -> Result<bool, ManagerError> {
        self.ask(BarrierRequest::IsBroken)?.is()
    }

    /// Returns the number of threads that pass together.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn parties(&self) -> Result<usize, ManagerError> {
        self.ask(BarrierRequest::Parties)?.count()
    }

    /// Returns the number of threads that wait.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn waiting(&self) -> Result<usize, ManagerError> {
        self.ask(BarrierRequest::Waiting)?.count()
    }
}
