//! Starts and ends a manager, and creates its objects.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::client::{self, Address, Handle, unexpected};
use super::encoding::Blob;
use super::error::ManagerError;
use super::folder::{self, Folder};
use super::handles::{
    Array, Barrier, BoundedSemaphore, Condition, Dict, Event, JoinableQueue, List, Lock, Namespace,
    Queue, RLock, Semaphore, Service, Value, encode,
};
use super::protocol::{Key, New, Reply, Request};
use super::server::Setup;
use crate::child::Child;
use crate::child::Launcher;
use crate::child::Role;
use crate::connection::Frame;
use crate::connection::Receiver;
use portable_task::PortableTask;
use serde::Serialize;

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
        match client::request(&self.address, &Request::Status)?.0 {
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

    fn create(&self, new: New) -> Result<Handle, ManagerError> {
        Handle::create(&self.address, new)
    }
}

/// Waits until the child is ready for clients.
fn set_up(mut socket: &UnixStream, folder: &Folder, key: Key) -> Result<(), ManagerError> {
    let mut receiver = Receiver::new();
    receiver
        .receive_announcement(socket, Role::Manager, START_LIMIT)
        .map_err(ManagerError::NotManager)?;
    let folder = folder.path().as_os_str().as_bytes().to_vec().into();
    let setup = postcard::to_stdvec(&Setup { folder, key });
    let mut frame = Frame::new();
    frame
        .body()
        .extend(setup.map_err(|error| ManagerError::Encode(error.to_string()))?);
    frame
        .finish(0)
        .map_err(|error| ManagerError::Encode(error.to_string()))?;
    // It fails if the child has ended. The reply says the same then.
    let _ = io::Write::write_all(&mut socket, frame.as_bytes());
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
        client::disconnect(&self.address);
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

/// The objects that a manager can create.
impl Manager {
    /// Creates a queue, for at most `bound` items. If that is 0, an item is put only when another thread takes it.
    ///
    /// [`Queue`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn queue<T>(&self, bound: Option<usize>) -> Result<Queue<T>, ManagerError> {
        let (bound, joinable) = (bound.map(|bound| bound as u64), false);
        self.create(New::Queue { bound, joinable }).map(Queue::of)
    }

    /// Creates a queue whose items must be reported done, for at most `bound` items.
    ///
    /// [`JoinableQueue`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn joinable_queue<T>(
        &self,
        bound: Option<usize>,
    ) -> Result<JoinableQueue<T>, ManagerError> {
        let (bound, joinable) = (bound.map(|bound| bound as u64), true);
        let created = self.create(New::Queue { bound, joinable });
        created.map(JoinableQueue::of)
    }

    /// Creates a dictionary.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn dict<K, V>(&self) -> Result<Dict<K, V>, ManagerError> {
        self.create(New::Map).map(Dict::of)
    }

    /// Creates a lock.
    ///
    /// [`Lock`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn lock(&self) -> Result<Lock, ManagerError> {
        let reentrant = false;
        self.create(New::Lock { reentrant }).map(Lock::of)
    }

    /// Creates a lock that a thread may lock again while it holds it.
    ///
    /// [`RLock`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn rlock(&self) -> Result<RLock, ManagerError> {
        let reentrant = true;
        self.create(New::Lock { reentrant }).map(RLock::of)
    }

    /// Creates a condition of a lock.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::NoObject`] if the lock is that of another manager. If the manager has ended.
    pub fn condition(&self, lock: &Lock) -> Result<Condition, ManagerError> {
        if *lock.handle().address() != self.address {
            return Err(ManagerError::NoObject);
        }
        let handle = self.create(New::Condition(lock.handle().id))?;
        Ok(Condition::new(handle, lock.clone()))
    }

    /// Creates a namespace.
    ///
    /// [`Namespace`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn namespace(&self) -> Result<Namespace, ManagerError> {
        self.create(New::Map).map(Namespace::of)
    }

    /// Creates a list.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn list<T>(&self) -> Result<List<T>, ManagerError> {
        self.create(New::List(Vec::new())).map(List::of)
    }

    /// Creates a value.
    ///
    /// [`Value`] has an example.
    ///
    /// # Errors
    /// If the value cannot be encoded, or the manager has ended.
    pub fn value<T: Serialize>(&self, value: &T) -> Result<Value<T>, ManagerError> {
        let values = vec![Blob::encode(value)?];
        self.create(New::List(values)).map(Value::of)
    }

    /// Creates an array of these elements.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded, or the manager has ended.
    pub fn array<T: Serialize>(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Array<T>, ManagerError> {
        let values = values.into_iter();
        let values: Result<_, _> = values.map(|value| Blob::encode(&value)).collect();
        self.create(New::List(values?)).map(Array::of)
    }

    /// Creates a semaphore with this many permits.
    ///
    /// [`Semaphore`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn semaphore(&self, permits: usize) -> Result<Semaphore, ManagerError> {
        let (permits, bounded) = (permits as u64, false);
        let created = self.create(New::Semaphore { permits, bounded });
        created.map(Semaphore::of)
    }

    /// Creates a semaphore that never has more than this many permits.
    ///
    /// [`BoundedSemaphore`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn bounded_semaphore(&self, permits: usize) -> Result<BoundedSemaphore, ManagerError> {
        let (permits, bounded) = (permits as u64, true);
        let created = self.create(New::Semaphore { permits, bounded });
        created.map(BoundedSemaphore::of)
    }

    /// Creates an event whose flag is not set.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn event(&self) -> Result<Event, ManagerError> {
        self.create(New::Event).map(Event::of)
    }

    /// Creates a barrier that this many threads pass together.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn barrier(&self, parties: usize) -> Result<Barrier, ManagerError> {
        let parties = parties as u64;
        self.create(New::Barrier { parties }).map(Barrier::of)
    }

    /// Starts a service, whose state the task sets with [`service::set`](super::service::set).
    ///
    /// [`Service`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::Remote`] if the task panics, or is not registered. If the task cannot be encoded, the system cannot
    /// start the thread, or the manager has ended.
    pub fn service<K: PortableTask>(&self, task: K) -> Result<Service, ManagerError> {
        let created = self.create(New::Service(encode(task)?));
        created.map(Service::of)
    }
}
