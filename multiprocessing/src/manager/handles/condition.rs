//! Conditions of locks.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lock::{Guard, Lock};
use crate::manager::client::{Handle, unexpected};
use crate::manager::error::{LockError, ManagerError};
use crate::manager::protocol::{ConditionRequest, ObjectId, Reply, Request, Wait};

/// A condition of a [`Lock`]: threads wait for a change of what the lock protects, and others notify them of it.
///
/// Created by [`Manager::condition`](crate::Manager::condition). Clones are of the same condition, and a handle can be sent
/// to other processes. If a process is killed after it has been notified, and before it has released the lock again,
/// another one that waits is notified as well.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::manager::LockError;
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let lock = manager.lock()?;
///     let ready = manager.condition(&lock)?;
///     let flags = manager.value(&0_u32)?;
///
///     let (their_lock, they_are_ready, their_flags) = (lock.clone(), ready.clone(), flags.clone());
///     let waits = std::thread::spawn(move || {
///         let guard = their_lock.lock().or_else(LockError::into_guard)?;
///         let guard = they_are_ready
///             .wait_while(guard, || Ok(their_flags.get()? == 0))
///             .or_else(LockError::into_guard)?;
///         guard.unlock()
///     });
///
///     let guard = lock.lock().or_else(LockError::into_guard)?;
///     flags.set(1)?;
///     ready.notify_one()?; // or `notify_all`
///     let (guard, notified) = ready
///         .wait_timeout(guard, Duration::from_millis(1))
///         .or_else(LockError::into_guard)?;
///     assert!(!notified);
///     drop(guard);
///     waits.join().unwrap()?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    handle: Handle,
    lock: Lock,
}

/// As its handle and the number of its lock, which is in the same manager.
impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.handle, self.lock.handle().id).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (handle, lock) = Deserialize::deserialize(deserializer)?;
        Ok(Self::new(handle, lock))
    }
}

impl Condition {
    /// Returns a condition of the lock with this number.
    pub(crate) fn new(handle: Handle, lock: ObjectId) -> Self {
        let lock = Lock::of(handle.beside(lock));
        Self { handle, lock }
    }

    fn request(&self, request: ConditionRequest) -> Request {
        Request::Condition(self.handle.id, request)
    }

    /// Releases the lock, waits until this condition is notified, and locks it again.
    ///
    /// The condition may have changed back meanwhile; [`wait_while`](Self::wait_while) checks that.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// [`LockError::OwnerDied`], with the guard, if the previous owner ended while it held the lock.
    /// [`ManagerError::NotOwner`] if the guard is of another lock, which is released then, or if this thread has lost the
    /// connection with which it locked, which has released the lock. If the manager has ended.
    pub fn wait(&self, guard: Guard) -> Result<Guard, LockError<Guard>> {
        match self.wait_within(guard, None) {
            Ok((guard, _)) => Ok(guard),
            Err(error) => Err(error.map(|(guard, _)| guard)),
        }
    }

    /// The same as [`wait`](Self::wait), but waits at most this long. It may take longer until the lock is free again.
    /// Returns whether the condition was notified as well.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn wait_timeout(
        &self,
        guard: Guard,
        timeout: Duration,
    ) -> Result<(Guard, bool), LockError<(Guard, bool)>> {
        self.wait_within(guard, Some(timeout))
    }

    /// Waits as long as `is_awaited` returns true, which is called while this thread holds the lock.
    ///
    /// The end of an owner does not end the wait. `is_awaited` may then see what that owner has left half changed.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// [`LockError::OwnerDied`], with the guard, after `is_awaited` has returned false, if one of the previous owners ended
    /// meanwhile while it held the lock. Otherwise those of [`wait`](Self::wait) and of `is_awaited`.
    pub fn wait_while(
        &self,
        mut guard: Guard,
        mut is_awaited: impl FnMut() -> Result<bool, ManagerError>,
    ) -> Result<Guard, LockError<Guard>> {
        let mut owner_died = false;
        while is_awaited()? {
            guard = match self.wait(guard) {
                Err(LockError::OwnerDied(guard)) => {
                    owner_died = true;
                    guard
                }
                waited => waited?,
            };
        }
        match owner_died {
            true => Err(LockError::OwnerDied(guard)),
            false => Ok(guard),
        }
    }

    fn wait_within(
        &self,
        guard: Guard,
        wait: Wait,
    ) -> Result<(Guard, bool), LockError<(Guard, bool)>> {
        if !guard.is_of(&self.lock) {
            return Err(ManagerError::NotOwner.into());
        }
        // While it waits, this thread does not hold the lock.
        let (lock, session) = guard.into_hold();
        let request = self.request(ConditionRequest::Wait(wait));
        let reply = self.handle.ask_in(session, &request)?;
        let Reply::Locked {
            owner_died,
            notified,
        } = reply
        else {
            return Err(unexpected(reply).into());
        };
        let guard = Guard::new(lock, session);
        match owner_died {
            true => Err(LockError::OwnerDied((guard, notified))),
            false => Ok((guard, notified)),
        }
    }

    /// Notifies the thread that has waited longest, if one waits. The caller need not hold the lock.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn notify_one(&self) -> Result<(), ManagerError> {
        let request = self.request(ConditionRequest::NotifyOne);
        self.handle.ask(&request)?.done()
    }

    /// Notifies all threads that wait. The caller need not hold the lock.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn notify_all(&self) -> Result<(), ManagerError> {
        let request = self.request(ConditionRequest::NotifyAll);
        self.handle.ask(&request)?.done()
    }
}
