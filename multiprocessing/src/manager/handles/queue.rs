//! Queues, and queues whose items are given back if they are not done.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle;
use crate::manager::client::{Handle, unexpected};
use crate::manager::connection::Session;
use crate::manager::error::ManagerError;
use crate::manager::local;
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{AT_ONCE, New, QueueRequest, Reply, Request, Wait};

/// A queue between processes: first in, first out.
///
/// Created by [`Manager::queue`](crate::Manager::queue), or without a manager by [`Queue::new`]. Clones are of the same
/// queue, and a handle can be sent to other processes, in tasks or values.
///
/// An item that has been handed to a process is lost with the process. A [`JoinableQueue`] hands it out again.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let queue = manager.queue::<String>(Some(2))?; // at most two items
///     queue.put("one".to_owned())?;
///     queue.put(&"two".to_owned())?; // values can be borrowed
///     assert!(!queue.try_put("three".to_owned())?);
///     assert!(!queue.put_timeout("three".to_owned(), Duration::from_millis(1))?);
///     assert_eq!(queue.len()?, 2);
///
///     let other_thread = queue.clone();
///     std::thread::spawn(move || other_thread.get()).join().unwrap()?;
///     assert_eq!(queue.try_get()?, Some("two".to_owned()));
///     assert_eq!(queue.get_timeout(Duration::from_millis(1))?, None);
///     assert!(queue.is_empty()?);
///     Ok(())
/// }
/// ```
pub struct Queue<T> {
    handle: Handle,
    types: PhantomData<fn() -> (T,)>,
}

handle!(Queue<T>);

/// A queue between processes whose items must be reported done.
///
/// Created by [`Manager::joinable_queue`](crate::Manager::joinable_queue), or without a manager by [`JoinableQueue::new`].
/// An item that is taken remains with the queue until [`Item::done`]. If the [`Item`] is dropped without that, or the thread
/// or process that has it ends, the next one that takes an item gets it: each item is done at least once.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let queue = manager.joinable_queue::<u32>(None)?;
///     assert!(queue.try_put(1)?);
///     assert!(queue.put_timeout(2, Duration::MAX)?);
///     queue.put(3)?;
///
///     let item = queue.get()?;
///     assert_eq!(*item, 1);
///     drop(item); // not done: it is handed out again, first
///     while let Some(item) = queue.try_get()? {
///         assert!(queue.len()? < 3 && !queue.join_timeout(Duration::ZERO)?);
///         item.done()?;
///     }
///     queue.join()?; // all items are done
///     assert!(queue.is_empty()? && queue.get_timeout(Duration::ZERO)?.is_none());
///     Ok(())
/// }
/// ```
pub struct JoinableQueue<T> {
    handle: Handle,
    types: PhantomData<fn() -> (T,)>,
}

handle!(JoinableQueue<T>);

/// Puts an item into a queue. Returns false if the time was up.
fn put<T: Serialize>(handle: &Handle, value: &T, wait: Wait) -> Result<bool, ManagerError> {
    let put = QueueRequest::Put(Blob::encode(value)?, wait);
    let reply = handle.ask(&Request::Queue(handle.id, put))?;
    Ok(reply.in_time()?.is_some())
}

/// Takes an item with its number. Returns `None` if the time was up.
fn take(handle: &Handle, wait: Wait) -> Result<Option<(u64, Blob, Session)>, ManagerError> {
    let get = Request::Queue(handle.id, QueueRequest::Get(wait));
    match handle.ask_in_session(&get)? {
        (Reply::Item(number, value), session) => Ok(Some((number, value, session))),
        (Reply::TimedOut, _) => Ok(None),
        (reply, _) => Err(unexpected(reply)),
    }
}

fn len(handle: &Handle) -> Result<usize, ManagerError> {
    let request = Request::Queue(handle.id, QueueRequest::Len);
    handle.ask(&request)?.count()
}

/// What both queues have. `$queue` is the name in the documentation.
macro_rules! queue {
    ($queue:ident gives $item:ty) => {
        impl<T: Serialize + DeserializeOwned> $queue<T> {
            /// Puts an item into the queue. Waits while the queue is full.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the value cannot be encoded, or the manager has ended.
            pub fn put(&self, value: impl Borrow<T>) -> Result<(), ManagerError> {
                put(&self.handle, value.borrow(), None).map(drop)
            }

            /// Puts an item into the queue, and waits at most this long while the queue is full. Returns
            /// whether the item is in the queue.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the value cannot be encoded, or the manager has ended.
            pub fn put_timeout(
                &self,
                value: impl Borrow<T>,
                timeout: Duration,
            ) -> Result<bool, ManagerError> {
                put(&self.handle, value.borrow(), Some(timeout))
            }

            /// Puts an item into the queue if it is not full. Returns whether the item is in the queue.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the value cannot be encoded, or the manager has ended.
            pub fn try_put(&self, value: impl Borrow<T>) -> Result<bool, ManagerError> {
                put(&self.handle, value.borrow(), AT_ONCE)
            }

            /// Takes the first item. Waits while the queue is empty.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the item cannot be decoded, or the manager has ended.
            pub fn get(&self) -> Result<$item, ManagerError> {
                let taken = self.take(None)?;
                taken.ok_or_else(|| unexpected(Reply::TimedOut))
            }

            /// Takes the first item. Waits at most this long while the queue is empty. Returns `None` if the time is up.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the item cannot be decoded, or the manager has ended.
            pub fn get_timeout(&self, timeout: Duration) -> Result<Option<$item>, ManagerError> {
                self.take(Some(timeout))
            }

            /// Takes the first item, or returns `None` if there is none.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the item cannot be decoded, or the manager has ended.
            pub fn try_get(&self) -> Result<Option<$item>, ManagerError> {
                self.take(AT_ONCE)
            }

            /// Returns the number of items that have not been taken.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the manager has ended.
            pub fn len(&self) -> Result<usize, ManagerError> {
                len(&self.handle)
            }

            /// Returns whether there is no item to take.
            ///
            #[doc = concat!("[`", stringify!($queue), "`] has an example.")]
            ///
            /// # Errors
            /// If the manager has ended.
            pub fn is_empty(&self) -> Result<bool, ManagerError> {
                self.len().map(|len| len == 0)
            }
        }
    };
}

queue!(Queue gives T);
queue!(JoinableQueue gives Item<T>);

/// Creates a queue that this process holds itself.
fn create_here(bound: Option<usize>, joinable: bool) -> Result<Handle, ManagerError> {
    let bound = bound.map(|bound| bound as u64);
    let address = local::address().map_err(ManagerError::Io)?;
    Handle::create(&address, New::Queue { bound, joinable })
}

impl<T> Queue<T> {
    /// Creates a queue without a manager, for at most `bound` items. A thread of this process holds the items and sends them to
    /// the processes that take them.
    ///
    /// The queue ends with this process; operations in other processes then fail with [`ManagerError::Gone`]. It does not end
    /// with its last handle: a queue is never removed, so do not create one for each request.
    ///
    /// Only processes of this user can use it. On Linux and Android their user is checked, because the name of the socket is
    /// not that of a file with permissions.
    ///
    /// Each thread that uses the queues of this process takes a descriptor in it. While this process has none left, the first
    /// operation of another thread waits, and so does this function in a thread that has not used a queue.
    ///
    /// ```standalone_crate
    /// use multiprocessing::{Process, Queue, Registry, serve, task};
    ///
    /// fn square(numbers: Queue<u64>, squares: Queue<u64>) {
    ///     let n = numbers.get().unwrap();
    ///     squares.put(n * n).unwrap();
    /// }
    ///
    /// task!(Square = fn square(numbers: Queue<u64>, squares: Queue<u64>));
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     serve(Registry::new().with::<Square>());
    ///
    ///     let (numbers, squares) = (Queue::new(None)?, Queue::new(None)?);
    ///     let process = Process::spawn(Square(numbers.clone(), squares.clone()))?;
    ///     numbers.put(7)?;
    ///     assert_eq!(squares.get()?, 49);
    ///     process.into_result()?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// If the system cannot create a socket or start a thread.
    pub fn new(bound: Option<usize>) -> Result<Self, ManagerError> {
        create_here(bound, false).map(Self::of)
    }
}

impl<T> JoinableQueue<T> {
    /// Creates a queue without a manager, as [`Queue::new`] does.
    ///
    /// ```
    /// use multiprocessing::JoinableQueue;
    ///
    /// let queue = JoinableQueue::<u32>::new(None)?;
    /// queue.put(1)?;
    /// queue.get()?.done()?;
    /// queue.join()?;
    /// # Ok::<(), multiprocessing::ManagerError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Queue::new`].
    pub fn new(bound: Option<usize>) -> Result<Self, ManagerError> {
        create_here(bound, true).map(Self::of)
    }
}

impl<T: DeserializeOwned> Queue<T> {
    fn take(&self, wait: Wait) -> Result<Option<T>, ManagerError> {
        let taken = take(&self.handle, wait)?;
        taken.map(|(_, value, _)| value.decode()).transpose()
    }
}

impl<T: DeserializeOwned> JoinableQueue<T> {
    fn take(&self, wait: Wait) -> Result<Option<Item<T>>, ManagerError> {
        let Some((number, value, session)) = take(&self.handle, wait)? else {
            return Ok(None);
        };
        // Made first, so that an item that cannot be decoded is handed out again.
        let held = Held {
            handle: self.handle.clone(),
            number,
            session,
            is_done: false,
            not_send: PhantomData,
        };
        let value = value.decode()?;
        Ok(Some(Item { value, held }))
    }
}

impl<T> JoinableQueue<T> {
    /// Waits until all items that have been put are done.
    ///
    /// [`JoinableQueue`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn join(&self) -> Result<(), ManagerError> {
        self.wait_for_all(None).map(drop)
    }

    /// Waits at most this long until all items that have been put are done. Returns whether they are.
    ///
    /// [`JoinableQueue`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.wait_for_all(Some(timeout))
    }

    fn wait_for_all(&self, wait: Wait) -> Result<bool, ManagerError> {
        let join = Request::Queue(self.handle.id, QueueRequest::Join(wait));
        Ok(self.handle.ask(&join)?.in_time()?.is_some())
    }
}

/// An item of a [`JoinableQueue`], which dereferences to its value.
///
/// Belongs to the thread that has taken it. If it is dropped before it is [`done`](Self::done), the queue hands it out
/// again, before all others. [`JoinableQueue`] has an example.
#[must_use = "an item that is dropped before it is done is handed out again"]
pub struct Item<T> {
    value: T,
    held: Held,
}

/// The hold of this thread on an item.
struct Held {
    handle: Handle,
    number: u64,
    session: Session,
    is_done: bool,
    /// The connection that holds the item is that of this thread.
    not_send: PhantomData<*const ()>,
}

impl<T> Item<T> {
    /// Reports that the item is done. It is not handed out again then.
    ///
    /// [`JoinableQueue`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::NotOwner`] if this thread has lost the connection with which it took the item, which is handed out
    /// again then. If the manager has ended.
    pub fn done(mut self) -> Result<(), ManagerError> {
        let held = &mut self.held;
        let done = Request::Queue(held.handle.id, QueueRequest::Done(held.number));
        held.handle.ask_in(held.session, &done)?.done()?;
        held.is_done = true;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_done {
            let request = QueueRequest::Return(self.number);
            self.handle
                .release(self.session, &Request::Queue(self.handle.id, request));
        }
    }
}

impl<T> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Item").field(&self.value).finish()
    }
}
