//! Semaphores.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::handle;
use crate::manager::client::{Handle, unexpected};
use crate::manager::connection::Session;
use crate::manager::error::ManagerError;
use crate::manager::protocol::{AT_ONCE, Reply, Request, SemaphoreRequest, Wait};

/// A number of permits between processes, which threads get in the order of their requests.
///
/// Created by [`Manager::semaphore`](crate::Manager::semaphore). Clones are of the same semaphore, and a handle can be sent
/// to other processes. If the thread that holds a permit ends, or its process is killed, the permit is available again.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let semaphore = manager.semaphore(1)?;
///     let permit = semaphore.acquire()?;
///     assert!(semaphore.try_acquire()?.is_none());
///     assert!(semaphore.acquire_timeout(Duration::from_millis(1))?.is_none());
///     drop(permit);
///     semaphore.release()?; // one more than there were
///     assert_eq!(semaphore.available()?, 2);
///     semaphore.acquire()?.forget()?; // and one less again
///     semaphore.acquire()?.release()?; // as dropping it, but reports errors
///     assert_eq!(semaphore.available()?, 1);
///     Ok(())
/// }
/// ```
pub struct Semaphore {
    handle: Handle,
}

handle!(Semaphore);

/// A semaphore that never has more permits than at its start.
///
/// Created by [`Manager::bounded_semaphore`](crate::Manager::bounded_semaphore). Otherwise the same as [`Semaphore`].
///
/// ```standalone_crate
/// use std::time::Duration;
/// use multiprocessing::{Manager, ManagerError, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let semaphore = manager.bounded_semaphore(2)?;
///     let permit = semaphore.acquire()?;
///     assert!(matches!(semaphore.release(), Err(ManagerError::AboveBound)));
///     permit.forget()?;
///     semaphore.release()?;
///     assert_eq!(semaphore.available()?, 2);
///     assert!(semaphore.try_acquire()?.is_some());
///     assert!(semaphore.acquire_timeout(Duration::ZERO)?.is_some());
///     Ok(())
/// }
/// ```
pub struct BoundedSemaphore {
    handle: Handle,
}

handle!(BoundedSemaphore);

/// A permit of a semaphore. Dropping it makes it available again.
///
/// The drop does not wait for the manager. The permit is available before the next request of this thread is handled, but
/// the `try_acquire` of another thread may come first. [`release`](Self::release) waits.
///
/// It cannot be sent to another thread, because it belongs to this thread's connection to the manager. See
/// [`forget`](Self::forget) for permits that others release. [`Semaphore`] has an example.
#[must_use = "a permit is released when it is dropped"]
pub struct Permit {
    handle: Handle,
    session: Session,
    is_released: bool,
    not_send: PhantomData<*const ()>,
}

impl Permit {
    /// Takes the permit away from the semaphore: neither this thread nor its end releases it. Any thread may release one
    /// instead, with `release`.
    ///
    /// [`Semaphore`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::NotOwner`] if this thread has lost the connection with which it acquired the permit, which is
    /// available again then. If the manager has ended.
    pub fn forget(mut self) -> Result<(), ManagerError> {
        self.is_released = true;
        let forget = Request::Semaphore(self.handle.id, SemaphoreRequest::Forget);
        self.handle.ask_in(self.session, &forget)?.done()
    }

    /// Makes the permit available and waits until the manager has done so. Dropping it neither waits nor reports errors.
    ///
    /// [`Semaphore`] has an example.
    ///
    /// # Errors
    /// Those of [`forget`](Self::forget).
    pub fn release(mut self) -> Result<(), ManagerError> {
        self.is_released = true;
        let give_back = Request::Semaphore(self.handle.id, SemaphoreRequest::Return);
        self.handle.ask_in(self.session, &give_back)?.done()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_released {
            let give_back = Request::Semaphore(self.handle.id, SemaphoreRequest::Return);
            self.handle.release(self.session, &give_back);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("id", &self.handle.id.0)
            .finish_non_exhaustive()
    }
}

/// Acquires a permit. Returns `None` if the time was up.
fn acquire(handle: &Handle, wait: Wait) -> Result<Option<Permit>, ManagerError> {
    let acquire = Request::Semaphore(handle.id, SemaphoreRequest::Acquire(wait));
    let (reply, session) = handle.ask_in_session(&acquire)?;
    Ok(reply.in_time()?.map(|()| Permit {
        handle: handle.clone(),
        session,
        is_released: false,
        not_send: PhantomData,
    }))
}

/// What both semaphores have.
macro_rules! semaphore {
    ($semaphore:ident, $release_errors:literal) => {
        impl $semaphore {
            /// Acquires a permit. Waits while none is available.
            ///
            #[doc = concat!("[`", stringify!($semaphore), "`] has an example.")]
            ///
            /// # Errors
            /// If the manager has ended.
            pub fn acquire(&self) -> Result<Permit, ManagerError> {
                let permit = acquire(&self.handle, None)?;
                permit.ok_or_else(|| unexpected(Reply::TimedOut))
            }

            /// Acquires a permit. Waits at most this long while none is available. Returns `None` if the time is up.
            ///
            #[doc = concat!("[`", stringify!($semaphore), "`] has an example.")]
            ///
            /// # Errors
            /// If the manager has ended.
            pub fn acquire_timeout(
                &self,
                timeout: Duration,
            ) -> Result<Option<Permit>, ManagerError> {
                acquire(&self.handle, Some(timeout))
            }

            /// Acquires a permit if one is available, and returns `None` otherwise.
            ///
            #[doc = concat!("[`", stringify!($semaphore), "`] has an example.")]
            ///
            /// # Errors
            /// If the manager has ended.
            pub fn try_acquire(&self) -> Result<Option<Permit>, ManagerError> {
                acquire(&self.handle, AT_ONCE)
            }

            /// Adds a permit, which need not have been acquired by this thread, or at all.
            ///
            #[doc = concat!("[`", stringify!($semaphore), "`] has an example.")]
            ///
            /// # Errors
            #[doc = $release_errors]
            pub fn release(&self) -> Result<(), ManagerError> {
                let release = Request::Semaphore(self.handle.id, SemaphoreRequest::Release);
                self.handle.ask(&release)?.done()
            }

            /// Returns the number of permits that are available.
            ///
            #[doc = concat!("[`", stringify!($semaphore), "`] has an example.")]
            ///
            /// # Errors
            /// If the manager has ended.
            pub fn available(&self) -> Result<usize, ManagerError> {
                let available = Request::Semaphore(self.handle.id, SemaphoreRequest::Available);
                self.handle.ask(&available)?.count()
            }
        }
    };
}

semaphore!(Semaphore, "If the manager has ended.");
semaphore!(
    BoundedSemaphore,
    "[`ManagerError::AboveBound`] if all permits are available or held. If the manager has ended."
);
