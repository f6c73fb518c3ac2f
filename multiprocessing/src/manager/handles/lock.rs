//! Locks. Their owners are threads, and the end of an owner is reported to the next.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::handle;
use crate::manager::client::{Handle, unexpected};
use crate::manager::connection::Session;
use crate::manager::error::{LockError, ManagerError};
use crate::manager::protocol::{AT_ONCE, LockRequest, Reply, Request, Wait};

/// A lock between processes, which threads get in the order of their requests.
///
/// Created by [`Manager::lock`](crate::Manager::lock). Clones are of the same lock, and a handle can be sent to other
/// processes. If the thread that holds it ends, or its process is killed, the lock is released, and the next thread that
/// locks it receives [`LockError::OwnerDied`], with the guard.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::manager::LockError;
/// use multiprocessing::{Manager, ManagerError, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let lock = manager.lock()?;
///     let guard = lock.lock().or_else(LockError::into_guard)?;
///     let other_thread = lock.clone();
///     let tries = move || {
///         let tried = other_thread.try_lock().map(|guard| guard.is_none());
///         let timed_out = other_thread.lock_timeout(Duration::from_millis(1));
///         tried.unwrap() && timed_out.unwrap().is_none()
///     };
///     assert!(std::thread::spawn(tries).join().unwrap());
///     assert!(matches!(
///         lock.lock(),
///         Err(LockError::Manager(ManagerError::Deadlock))
///     ));
///     drop(guard);
///     lock.lock().or_else(LockError::into_guard)?.unlock()?; // the same, but reports errors
///     Ok(())
/// }
/// ```
pub struct Lock {
    handle: Handle,
}

handle!(Lock);

/// A lock between processes that a thread may lock again while it holds it. Released when all its guards are dropped.
///
/// Created by [`Manager::rlock`](crate::Manager::rlock). Otherwise the same as [`Lock`].
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
///     let lock = manager.rlock()?;
///     let outer = lock.lock().or_else(LockError::into_guard)?;
///     let inner = lock.lock_timeout(Duration::ZERO)?.expect("held by this thread");
///     drop(outer);
///     let other_thread = lock.clone();
///     let locks = move || other_thread.try_lock().unwrap().is_some();
///     assert!(!std::thread::spawn(locks.clone()).join().unwrap());
///     inner.unlock()?;
///     assert!(std::thread::spawn(locks).join().unwrap());
///     Ok(())
/// }
/// ```
pub struct RLock {
    handle: Handle,
}

handle!(RLock);

/// The hold of a thread on a [`Lock`]. Dropping it releases the lock.
///
/// The drop does not wait for the manager. The lock is free before the next request of this thread is handled, but the
/// `try_lock` of another thread may come first, even one that starts after the drop. [`unlock`](Self::unlock) waits.
///
/// It cannot be sent to another thread, because it belongs to this thread's connection to the manager. One that is forgotten
/// is released by the end of the thread. [`Lock`] has an example.
#[must_use = "a lock is released when its guard is dropped"]
pub struct Guard(Held);

/// The hold of a thread on a [`RLock`]. Dropping it undoes one locking.
///
/// Otherwise the same as [`Guard`]. [`RLock`] has an example.
#[must_use = "a lock is released when its guard is dropped"]
pub struct RLockGuard(Held);

struct Held {
    handle: Handle,
    session: Session,
    is_released: bool,
    /// The connection that holds the lock is that of this thread.
    not_send: PhantomData<*const ()>,
}

impl Held {
    fn new(handle: Handle, session: Session) -> Self {
        Self {
            handle,
            session,
            is_released: false,
            not_send: PhantomData,
        }
    }

    fn request(&self) -> Request {
        Request::Lock(self.handle.id, LockRequest::Release)
    }

    fn unlock(mut self) -> Result<(), ManagerError> {
        self.is_released = true;
        self.handle.ask_in(self.session, &self.request())?.done()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_released {
            self.handle.release(self.session, &self.request());
        }
    }
}

/// Locks a lock. Returns `None` if the time was up.
fn lock(handle: &Handle, wait: Wait) -> Result<Option<Held>, LockError<Held>> {
    let acquire = Request::Lock(handle.id, LockRequest::Acquire(wait));
    match handle.ask_in_session(&acquire)? {
        (Reply::TimedOut, _) => Ok(None),
        (Reply::Locked { owner_died, .. }, session) => {
            let held = Held::new(handle.clone(), session);
            match owner_died {
                true => Err(LockError::OwnerDied(held)),
                false => Ok(Some(held)),
            }
        }
        (reply, _) => Err(unexpected(reply).into()),
    }
}

/// What both locks have.
macro_rules! lock {
    ($lock:ident gives $guard:ident) => {
        impl $lock {
            /// Locks it. Waits while another thread holds the lock.
            ///
            #[doc = concat!("[`", stringify!($lock), "`] has an example.")]
            ///
            /// # Errors
            /// [`LockError::OwnerDied`], with the guard, if the previous owner ended while it held the lock. Otherwise if
            /// the manager has ended, or this thread would wait for itself.
            pub fn lock(&self) -> Result<$guard, LockError<$guard>> {
                let locked = self.lock_within(None)?;
                locked.ok_or_else(|| unexpected(Reply::TimedOut).into())
            }

            /// Locks it. Waits at most this long while another thread holds the lock. Returns `None` if the time is up.
            ///
            #[doc = concat!("[`", stringify!($lock), "`] has an example.")]
            ///
            /// # Errors
            /// Those of [`lock`](Self::lock).
            pub fn lock_timeout(
                &self,
                timeout: Duration,
            ) -> Result<Option<$guard>, LockError<$guard>> {
                self.lock_within(Some(timeout))
            }

            /// Locks it if no thread holds the lock, and returns `None` otherwise.
            ///
            #[doc = concat!("[`", stringify!($lock), "`] has an example.")]
            ///
            /// # Errors
            /// Those of [`lock`](Self::lock).
            pub fn try_lock(&self) -> Result<Option<$guard>, LockError<$guard>> {
                self.lock_within(AT_ONCE)
            }

            fn lock_within(&self, wait: Wait) -> Result<Option<$guard>, LockError<$guard>> {
                match lock(&self.handle, wait) {
                    Ok(held) => Ok(held.map($guard)),
                    Err(error) => Err(error.map($guard)),
                }
            }
        }

        impl $guard {
            /// Releases it and waits until the manager has done so: what any thread requests after this finds it released.
            /// Dropping the guard releases as well, but neither waits nor reports errors.
            ///
            #[doc = concat!("[`", stringify!($lock), "`] has an example.")]
            ///
            /// # Errors
            /// [`ManagerError::NotOwner`] if this thread has lost the connection with which it locked: the lock has been
            /// released then. If the manager has ended.
            pub fn unlock(self) -> Result<(), ManagerError> {
                self.0.unlock()
            }
        }

        impl fmt::Debug for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($guard))
                    .field("id", &self.0.handle.id.0)
                    .finish_non_exhaustive()
            }
        }
    };
}

lock!(Lock gives Guard);
lock!(RLock gives RLockGuard);

impl Lock {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// For conditions.
impl Guard {
    /// Returns a guard of a lock that this thread holds.
    pub(crate) fn new(handle: Handle, session: Session) -> Self {
        Self(Held::new(handle, session))
    }

    /// Returns whether this is a guard of that lock.
    pub(crate) fn is_of(&self, lock: &Lock) -> bool {
        self.0.handle == lock.handle
    }

    /// Returns the lock, and the session to which its hold belongs. It is not released.
    pub(crate) fn into_hold(mut self) -> (Handle, Session) {
        self.0.is_released = true;
        (self.0.handle.clone(), self.0.session)
    }
}
