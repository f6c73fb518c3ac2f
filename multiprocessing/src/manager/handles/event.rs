//! Events.

use std::time::Duration;

use super::handle;
use crate::manager::client::Handle;
use crate::manager::error::ManagerError;
use crate::manager::protocol::{EventRequest, Reply, Request, Wait};

/// A flag between processes for which threads can wait.
///
/// Created by [`Manager::event`](crate::Manager::event). Clones are of the same event, and a handle can be sent to other
/// processes.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let event = manager.event()?;
///     assert!(!event.wait_timeout(Duration::from_millis(1))?);
///     let other_thread = event.clone();
///     let waits = std::thread::spawn(move || other_thread.wait());
///     event.set()?;
///     waits.join().unwrap()?;
///     assert!(event.is_set()?);
///     event.clear()?;
///     assert!(!event.is_set()?);
///     Ok(())
/// }
/// ```
pub struct Event {
    handle: Handle,
}

handle!(Event);

impl Event {
    fn ask(&self, request: EventRequest) -> Result<Reply, ManagerError> {
        self.handle.ask(&Request::Event(self.handle.id, request))
    }

    /// Sets the flag. All threads that wait continue.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn set(&self) -> Result<(), ManagerError> {
        self.ask(EventRequest::Set)?.done()
    }

    /// Clears the flag.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.ask(EventRequest::Clear)?.done()
    }

    /// Returns whether the flag is set.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn is_set(&self) -> Result<bool, ManagerError> {
        self.ask(EventRequest::IsSet)?.is()
    }

    /// Waits until the flag is set.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn wait(&self) -> Result<(), ManagerError> {
        self.wait_within(None).map(drop)
    }

    /// Waits at most this long until the flag is set. Returns whether it is.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.wait_within(Some(timeout))
    }

    fn wait_within(&self, wait: Wait) -> Result<bool, ManagerError> {
        Ok(self.ask(EventRequest::Wait(wait))?.in_time()?.is_some())
    }
}
