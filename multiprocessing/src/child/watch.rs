//! Notices the end of child processes while another process keeps the child's end of the socket open.
//!
//! A task may have started such a process. Then the socket does not end with the child. Where the system has pidfds, one
//! thread watches all children and ends their sockets with them. So reading from a child remains one call to the system;
//! polling the socket and a pidfd made a round trip up to 1.5 times as long.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use super::handle::Child;

/// The watch of a child, returned by [`Child::watch`]. Dropping it ends the watch.
///
/// ```standalone_crate
/// use std::sync::Arc;
/// use multiprocessing::{Launcher, Registry, Role, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let (child, socket) = Launcher::this_program(Role::Worker)?.launch()?;
///     let socket = Arc::new(socket);
///     let watch = child.watch(&socket);
///     child.kill()?;
///     // Reading from the socket ends now, even if another process keeps the other end open.
///     child.wait();
///     drop(watch);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Watch {
    #[cfg(target_os = "linux")]
    _watched: linux::Watched,
}

impl Child {
    /// Shuts `socket` down when the process has ended, for as long as the returned value lives. What the process has written
    /// can still be read. Returns `None` without pidfds, as before Linux 5.3, or if memory is short: then a process that a
    /// task leaves behind keeps the socket open.
    #[cfg(target_os = "linux")]
    pub fn watch(&self, socket: &Arc<UnixStream>) -> Option<Watch> {
        let _watched = linux::watch(self.pidfd()?, Arc::clone(socket)).ok()?;
        Some(Watch { _watched })
    }

    /// Does nothing: this system has no pidfds.
    #[cfg(not(target_os = "linux"))]
    pub fn watch(&self, _socket: &Arc<UnixStream>) -> Option<Watch> {
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::fmt;
    use std::io;
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

    use crate::sync::lock;

    /// A child that is watched.
    pub(super) struct Watched {
        watcher: Arc<Watcher>,
        key: u64,
        pidfd: Arc<OwnedFd>,
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            // Fails only if it could not be added.
            let _ = epoll::delete(&self.watcher.epoll, &self.pidfd);
            lock(&self.watcher.sockets).by_key.remove(&self.key);
        }
    }

    impl fmt::Debug for Watched {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Watched").field("key", &self.key).finish()
        }
    }

    struct Watcher {
        epoll: OwnedFd,
        sockets: Mutex<Sockets>,
    }

    #[derive(Default)]
    struct Sockets {
        by_key: HashMap<u64, Arc<UnixStream>>,
        next_key: u64,
    }

    pub(super) fn watch(pidfd: Arc<OwnedFd>, socket: Arc<UnixStream>) -> io::Result<Watched> {
        let watcher = watcher()?;
        let mut sockets = lock(&watcher.sockets);
        let key = sockets.next_key;
        sockets.next_key += 1;
        sockets.by_key.insert(key, socket);
        drop(sockets);
        let watch = Watched {
            watcher,
            key,
            pidfd,
        };
        let flags = EventFlags::IN | EventFlags::ONESHOT;
        let data = EventData::new_u64(key);
        epoll::add(&watch.watcher.epoll, &watch.pidfd, data, flags)?;
        Ok(watch)
    }

    /// Returns the watcher of this program. The first call that succeeds starts its thread.
    fn watcher() -> io::Result<Arc<Watcher>> {
        static WATCHER: Mutex<Option<Arc<Watcher>>> = Mutex::new(None);
        let mut started = lock(&WATCHER);
        if let Some(watcher) = &*started {
            return Ok(Arc::clone(watcher));
        }
        let watcher = Arc::new(Watcher {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            sockets: Mutex::default(),
        });
        let for_thread = Arc::clone(&watcher);
        thread::Builder::new()
            .name("child-watch".to_owned())
            .spawn(move || for_thread.run())?;
        Ok(Arc::clone(started.insert(watcher)))
    }

    impl Watcher {
        fn run(&self) {
            let mut events = Vec::with_capacity(16);
            loop {
                // Fails only when a signal interrupts it.
                let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), None);
                // Under the lock: a program that has ended a child must not have its socket any more, not even here for a
                // moment.
                let sockets = lock(&self.sockets);
                for event in events.drain(..) {
                    if let Some(socket) = sockets.by_key.get(&event.data.u64()) {
                        // The other end may be closed already.
                        let _ = socket.shutdown(Shutdown::Both);
                    }
                }
            }
        }
    }
}
