//! Notices the end of worker processes while another process keeps the worker's end of the socket open.
//!
//! A task may have started such a process. Then the socket does not end with the worker. Where the system has pidfds, one
//! thread watches the workers of all pools and ends their sockets with them. So reading from a worker remains one call
//! to the system; polling the socket and a pidfd made a round trip up to 1.5 times as long.

use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::Arc;

#[cfg(target_os = "linux")]
pub(super) use linux::Watch;

/// Ends `socket` for reading when the process has ended, for as long as the returned value lives. What the process has
/// written can still be read. Without pidfds, as before Linux 5.3, this does nothing.
#[cfg(target_os = "linux")]
pub(super) fn watch(process: &Child, socket: &Arc<UnixStream>) -> Option<Watch> {
    linux::watch(process, Arc::clone(socket)).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn watch(_process: &Child, _socket: &Arc<UnixStream>) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::io;
    use std::net::Shutdown;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::Child;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread;

    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    /// A process that is watched.
    pub(in crate::process) struct Watch {
        watcher: Arc<Watcher>,
        key: u64,
        /// Closing it ends the watch.
        _pidfd: OwnedFd,
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            lock(&self.watcher.sockets).by_key.remove(&self.key);
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

    pub(super) fn watch(process: &Child, socket: Arc<UnixStream>) -> io::Result<Watch> {
        let pidfd = pidfd_open(Pid::from_child(process), PidfdFlags::empty())?;
        let watcher = watcher()?;
        let mut sockets = lock(&watcher.sockets);
        let key = sockets.next_key;
        sockets.next_key += 1;
        sockets.by_key.insert(key, socket);
        drop(sockets);
        let watch = Watch {
            watcher,
            key,
            _pidfd: pidfd,
        };
        let flags = EventFlags::IN | EventFlags::ONESHOT;
        epoll::add(
            &watch.watcher.epoll,
            &watch._pidfd,
            EventData::new_u64(key),
            flags,
        )?;
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
            .name("worker-watch".to_owned())
            .spawn(move || for_thread.run())?;
        Ok(Arc::clone(started.insert(watcher)))
    }

    impl Watcher {
        fn run(&self) {
            let mut events = Vec::with_capacity(16);
            loop {
                // Fails only when a signal interrupts it.
                let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), None);
                // Under the lock: a pool that has ended must leave no socket behind, not even here for a moment.
                let sockets = lock(&self.sockets);
                for event in events.drain(..) {
                    if let Some(socket) = sockets.by_key.get(&event.data.u64()) {
                        // The other end may be closed already.
                        let _ = socket.shutdown(Shutdown::Read);
                    }
                }
            }
        }
    }

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
