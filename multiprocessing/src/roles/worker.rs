//! The worker's side: runs the tasks that arrive, one after the other in the main thread, and sends their replies.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use portable_task::{Context, Registry, with_context};

use crate::child::{Role, announce};
use crate::connection::{Frame, Receiver, send_all};
use crate::sync::lock;

/// The number of a frame without a body that cancels the tasks which the worker has. They may check for that with
/// [`portable_task::current`].
///
/// ```
/// let mut cancel = multiprocessing::Frame::new();
/// cancel.finish(multiprocessing::CANCEL)?;
/// assert_eq!(cancel.as_bytes().len(), 12); // to be sent to the worker
/// # Ok::<(), multiprocessing::FrameTooLong>(())
/// ```
pub const CANCEL: u64 = u64::MAX;

/// The connection to the parent, from which running tasks learn whether they are cancelled.
struct Connection {
    socket: UnixStream,
    receiver: Mutex<Receiver>,
    cancelled: AtomicBool,
}

/// Runs tasks until there are no more.
///
/// # Errors
/// If the connection to the parent fails.
pub(crate) fn work(socket: &UnixStream, registry: &Registry) -> io::Result<()> {
    announce(socket, Role::Worker, registry)?;
    let connection = Arc::new(Connection {
        socket: socket.try_clone()?,
        receiver: Mutex::default(),
        cancelled: AtomicBool::new(false),
    });
    let context = Arc::clone(&connection);
    with_context(context, || connection.run_tasks(registry))
}

impl Connection {
    fn run_tasks(&self, registry: &Registry) -> io::Result<()> {
        let mut call = Vec::new();
        let mut reply = Frame::new();
        loop {
            // The lock is released before the task runs.
            let received = self.receiver().receive(&self.socket, &mut call)?;
            let Some(number) = received else {
                return Ok(());
            };
            if number == CANCEL {
                self.cancelled.store(true, Ordering::Relaxed);
                continue;
            }
            registry.call_into(&call, reply.body());
            reply.finish(number).map_err(io::Error::other)?;
            send_all(&self.socket, reply.as_bytes())?;
            reply.clear();
        }
    }

    fn receiver(&self) -> MutexGuard<'_, Receiver> {
        lock(&self.receiver)
    }
}

impl Context for Connection {
    fn is_cancelled(&self) -> bool {
        if self.cancelled.load(Ordering::Relaxed) {
            return true;
        }
        let mut receiver = match self.receiver.try_lock() {
            Ok(receiver) => receiver,
            Err(TryLockError::Poisoned(receiver)) => receiver.into_inner(),
            // The main thread waits for the next task, so the one that asks has ended; or another thread is looking.
            Err(TryLockError::WouldBlock) => return false,
        };
        let cancelled = receiver.has_arrived(&self.socket, CANCEL);
        self.cancelled.fetch_or(cancelled, Ordering::Relaxed);
        cancelled
    }
}
