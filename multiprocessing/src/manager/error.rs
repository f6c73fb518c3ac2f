//! The errors of operations on the objects of a manager.

use std::io;

use portable_task::RemoteError;

use crate::child::{LaunchError, Refusal};

/// The reason why a manager did not start, or an operation on one of its objects failed.
///
/// A timeout is not an error: operations with one return `None` or `false`.
///
/// ```
/// use multiprocessing::ManagerError;
///
/// let error = ManagerError::OutOfRange { index: 3, len: 2 };
/// assert_eq!(error.to_string(), "index 3 is out of range: there are 2 elements");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// The manager has ended; for a queue without a manager, the process that made it. All later operations fail in the same
    /// way.
    #[error("the manager, or the process that made the queue, has ended")]
    Gone,
    /// This program cannot be started again as a manager.
    #[error("cannot start a manager")]
    Launch(#[from] LaunchError),
    /// The process that was started is not a manager of this program.
    #[error("the process started as a manager {0}")]
    NotManager(Refusal),
    /// The manager could not open its socket. Holds its message.
    #[error("the manager cannot open its socket: {0}")]
    NotListening(String),
    /// The system refused something to this process, such as a descriptor.
    #[error("the system refused an operation: {0}")]
    Io(#[source] io::Error),
    /// The manager does not accept this process, or belongs to another user. Holds the reason.
    #[error("cannot connect to the manager: {0}")]
    Refused(&'static str),
    /// A value cannot be encoded. Holds the reason.
    #[error("cannot encode a value: {0}")]
    Encode(String),
    /// A value cannot be decoded: it was encoded from another type. Holds the reason.
    #[error("cannot decode a value: {0}")]
    Decode(String),
    /// The reply would need more than 1 GiB.
    #[error("the reply needs more than 1 GiB")]
    TooLong,
    /// The manager has no such object of this type. The handle belongs to another manager, or was made of wrong bytes.
    #[error("the manager has no such object of this type")]
    NoObject,
    /// The element does not exist.
    #[error("index {index} is out of range: there are {len} elements")]
    OutOfRange {
        /// The index that was requested.
        index: usize,
        /// The number of elements at that time.
        len: usize,
    },
    /// This thread holds the lock already, so it would wait for itself forever.
    #[error("this thread holds the lock already")]
    Deadlock,
    /// This thread does not hold the lock, the permit or the item. It may have lost the connection to the manager with which it
    /// got that, which has released it.
    #[error("this thread does not hold the lock, the permit or the item")]
    NotOwner,
    /// A bounded semaphore would have more permits than at its start.
    #[error("the semaphore has all its permits already")]
    AboveBound,
    /// The barrier is broken: a waiting thread timed out or ended, or the barrier was aborted or reset.
    #[error("the barrier is broken")]
    BrokenBarrier,
    /// The task of a service failed.
    #[error("the task of the service failed")]
    Remote(#[source] RemoteError),
}

/// The reason why locking did not return a guard.
///
/// ```
/// use multiprocessing::ManagerError;
/// use multiprocessing::manager::LockError;
///
/// let died: LockError<&str> = LockError::OwnerDied("the guard");
/// assert_eq!(died.into_guard().unwrap(), "the guard");
/// let gone: LockError<&str> = LockError::Manager(ManagerError::Gone);
/// assert!(gone.into_guard().is_err());
/// ```
#[derive(Debug, thiserror::Error)]
pub enum LockError<G> {
    /// The previous owner ended while it held the lock, so what the lock protects may be inconsistent. This thread holds
    /// the lock now: here is its guard. Only the first thread that locks after the death receives this.
    #[error("the previous owner of the lock ended while it held the lock")]
    OwnerDied(G),
    /// The operation failed, and this thread does not hold the lock.
    #[error(transparent)]
    Manager(#[from] ManagerError),
}

impl<G> LockError<G> {
    /// Returns the guard if there is one, for a thread that has repaired what the lock protects, or need not do so:
    /// `lock.lock().or_else(LockError::into_guard)?`.
    ///
    /// [`LockError`] has an example.
    ///
    /// # Errors
    /// The other errors.
    pub fn into_guard(self) -> Result<G, ManagerError> {
        match self {
            Self::OwnerDied(guard) => Ok(guard),
            Self::Manager(error) => Err(error),
        }
    }

    /// Changes what is held in the place of the guard.
    pub(crate) fn map<H>(self, change: impl FnOnce(G) -> H) -> LockError<H> {
        match self {
            Self::OwnerDied(guard) => LockError::OwnerDied(change(guard)),
            Self::Manager(error) => LockError::Manager(error),
        }
    }
}
