//! Starts and ends a manager.

use std::fmt;
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::client::{Handle, unexpected};
use super::connection::{self, Address};
use super::error::ManagerError;
use super::folder::{self, Folder};
use super::protocol::hello::Key;
use super::protocol::{New, Reply, Request};
use super::server::Setup;
use crate::child::{Child, Launcher, Role};
use crate::connection::{Frame, Receiver, send_all};

/// How long a manager may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a manager may take to end by itself.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A process that holds objects for other processes: queues, dictionaries, locks and more.
///
/// The methods create objects. Their handles are plain data: send them in tasks, in values, or in other objects. An object
/// lives as long as the manager, also without handles. Dropping the `Manager`, or the end of the program that started it,
/// ends the manager; all operations on its objects then fail with [`ManagerError::Gone`].
///
/// Each thread that uses an object has a connection of its own to the manager. When the thread ends, or its process is
/// killed, the manager releases its locks and permits, hands its items out again, and breaks the barriers it waits at.
///
/// The socket is in a folder for temporary files that only this user can enter, and clients need a secret key, which is in
/// the handles.
///
/// ```standalone_crate
/// use multiprocessing::manager::Queue;
/// use multiprocessing::{Manager, ManagerError, Registry, serve};
///
/// fn main() -> Result<(), ManagerError> {
///     serve(Registry::new()); // first in `main`: the manager is this program, started again
///
///     let manager = Manager::start()?;
///     let queue: Queue<u32> = manager.queue(None)?;
///     queue.put(42)?;
///     assert_eq!(queue.get()?, 42);
///     assert_eq!(manager.status()?.objects, 1);
///
///     manager.shutdown();
///     assert!(matches!(queue.get(), Err(ManagerError::Gone)));
///     Ok(())
/// }
/// ```
pub struct Manager {
    child: Child,
    socket: UnixStream,
    address: Arc<Address>,
    /// Removed at the end, if the manager has not done so.
    _folder: Folder,
}

/// How much a manager has to do. Returned by [`Manager::status`]; [`Manager`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManagerStatus {
    /// The number of connections, one for each thread that has used an object. Includes that of the request.
    pub clients: usize,
    /// The number of objects.
    pub objects: usize,
    /// The number of operations that wait.
    pub waiting: usize,
}

impl Manager {
    /// Starts a manager: this program, started again, which [`serve`](crate::serve) recognises.
    ///
    /// The manager is not in the process group of this program, so Ctrl-C in a terminal does not end it: it ends with this
    /// program. Removes folders that managers of this user have left behind because they were killed.
    ///
    /// [`Manager`] has an example.
    ///
    /// # Errors
    /// If `main` has not called [`serve`](crate::serve), or the system cannot start the process or create the socket.
    pub fn start() -> Result<Self, ManagerError> {
        let launcher = Launcher::this_program(Role::Manager)?.process_group();
        folder::sweep();
        let mut folder = Folder::create().map_err(ManagerError::Io)?;
        let key = Key::random().map_err(ManagerError::Io)?;
        let (child, socket) = launcher.launch().map_err(ManagerError::Io)?;
        if let Err(error) = set_up(&socket, &folder, key) {
            drop(socket);
            child.end();
            return Err(error);
        }
        folder.unlock();
        Ok(Self {
            child,
            socket,
            address: Arc::new(Address::new(&folder.socket(), key)),
            _folder: folder,
        })
    }

    /// Returns the process id of the manager.
    ///
    /// ```standalone_crate
    /// use multiprocessing::{Manager, ManagerError, Registry, serve};
    ///
    /// fn main() -> Result<(), ManagerError> {
    ///     serve(Registry::new());
    ///     assert_ne!(Manager::start()?.id(), std::process::id());
    ///     Ok(())
    /// }
    /// ```
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the manager, as dropping it does, and waits for its end. Operations that wait fail with
    /// [`ManagerError::Gone`].
    ///
    /// [`Manager`] has an example.
    pub fn shutdown(self) {}

    /// Returns how much the manager has to do.
    ///
    /// [`Manager`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn status(&self) -> Result<ManagerStatus, ManagerError> {
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        match connection::request(&self.address, &Request::Status)?.0 {
            Reply::Status {
                clients,
                objects,
                waiting,
            } => Ok(ManagerStatus {
                clients: size(clients),
                objects: size(objects),
                waiting: size(waiting),
            }),
            reply => Err(unexpected(reply)),
        }
    }

    pub(super) fn address(&self) -> &Arc<Address> {
        &self.address
    }

    /// Creates an object.
    pub(super) fn create(&self, new: New) -> Result<Handle, ManagerError> {
        Handle::create(&self.address, new)
    }
}

/// Waits until the child is ready for clients.
fn set_up(socket: &UnixStream, folder: &Folder, key: Key) -> Result<(), ManagerError> {
    let mut receiver = Receiver::new();
    receiver
        .receive_announcement(socket, Role::Manager, START_LIMIT)
        .map_err(ManagerError::NotManager)?;
    let folder = folder.path().as_os_str().as_bytes().to_vec().into();
    let setup = Frame::of(0, &Setup { folder, key });
    let setup = setup.map_err(|error| ManagerError::Encode(error.message))?;
    // It fails if the child has ended. The reply says the same then.
    let _ = send_all(socket, setup.as_bytes());
    let mut message = Vec::new();
    match receiver.receive_within(socket, &mut message, Some(START_LIMIT)) {
        Ok(Some(_)) if message.is_empty() => Ok(()),
        Ok(Some(_)) => {
            let message = String::from_utf8_lossy(&message).into_owned();
            Err(ManagerError::NotListening(message))
        }
        Ok(None) => Err(ManagerError::Gone),
        Err(error) => Err(ManagerError::Io(error)),
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        connection::disconnect(&self.address);
        // The manager removes its folder and ends, which ends the stream. One that does not is killed.
        let _ = self.socket.shutdown(Shutdown::Write);
        let mut nothing = [0];
        let _ = Receiver::new().read_exact(&self.socket, &mut nothing, Some(END_LIMIT));
        self.child.end();
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("id", &self.id())
            .field("socket", &self.address)
            .finish()
    }
}
