//! Services: objects of types that the manager does not know.

use portable_task::{PortableTask, encode_call};

use super::handle;
use crate::connection::attachments::refuse_all;
use crate::manager::client::{Handle, unexpected};
use crate::manager::error::ManagerError;
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{Reply, Request};

/// A thread in the manager's process, with a state of any type, that runs tasks.
///
/// Created by [`Manager::service`](crate::Manager::service) with a task that sets the state with
/// [`service::set`](super::super::service::set). Tasks use it with [`service::with`](super::super::service::with). Clones
/// are of the same service, and a handle can be sent to other processes. The tasks must be registered with
/// [`serve`](crate::serve). They run one after the other, so one that calls its own service waits forever.
///
/// ```standalone_crate
/// use std::collections::BTreeSet;
/// use multiprocessing::manager::service;
/// use multiprocessing::{Manager, Registry, serve};
/// use portable_task::task;
///
/// fn start() {
///     service::set(BTreeSet::<u32>::new());
/// }
///
/// fn insert(n: u32) -> bool {
///     service::with(|numbers: &mut BTreeSet<u32>| numbers.insert(n))
/// }
///
/// task!(Start = fn start() -> ());
/// task!(Insert = fn insert(n: u32) -> bool);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Start>().with::<Insert>());
///     let manager = Manager::start()?;
///
///     let numbers = manager.service(Start())?;
///     assert!(numbers.call(Insert(7))?);
///     assert!(!numbers.call(Insert(7))?);
///     Ok(())
/// }
/// ```
pub struct Service {
    handle: Handle,
}

handle!(Service);

impl Service {
    /// Runs a task in the thread of the service, and returns its value.
    ///
    /// [`Service`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::Remote`] if the task panics, or is not registered. If the task or its value cannot be encoded, or
    /// the manager has ended.
    pub fn call<K: PortableTask>(&self, task: K) -> Result<K::Output, ManagerError> {
        let call = Request::Call(self.handle.id, encode(task)?);
        match self.handle.ask(&call)? {
            Reply::Called(reply) => {
                portable_task::decode_reply(&reply).map_err(ManagerError::Remote)
            }
            reply => Err(unexpected(reply)),
        }
    }
}

/// Encodes the call of a task.
pub(crate) fn encode<K: PortableTask>(task: K) -> Result<Blob, ManagerError> {
    let mut call = Vec::new();
    let encoded = refuse_all(|| encode_call(task, &mut call));
    encoded.map_err(|error| ManagerError::Encode(error.message))?;
    Ok(Blob::new(call))
}
