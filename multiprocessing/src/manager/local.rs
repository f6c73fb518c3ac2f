//! Objects that this process holds itself: the same event loop as that of a manager, in a thread.
//!
//! So a queue without a manager is a socket and a thread that feeds it, and its handles travel like all others. On Linux the
//! socket has a name that is not in the file system, so nothing is left behind.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use portable_task::Registry;

use super::connection::Address;
use super::protocol::hello::Key;
use super::server::serve_here;
use crate::sync::lock;

/// Returns the address of this process. The first call that succeeds starts the thread, and so does the first one after
/// that has ended.
///
/// # Errors
/// If the system cannot create the socket, the thread or its event queue.
pub(crate) fn address() -> io::Result<Arc<Address>> {
    static HERE: Feeder = Feeder::new();

    HERE.address()
}

/// A thread that holds objects.
struct Feeder(Mutex<Option<Running>>);

/// Such a thread, while it runs.
struct Running {
    address: Arc<Address>,
    /// The thread ends when this is closed, so with the process.
    _owner: UnixStream,
}

impl Feeder {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn address(&'static self) -> io::Result<Arc<Address>> {
        let mut running = lock(&self.0);
        if let Some(running) = &*running {
            return Ok(Arc::clone(&running.address));
        }
        let key = Key::random()?;
        let (address, listener) = bind(key)?;
        let address = Arc::new(address);
        let (owner, socket) = UnixStream::pair()?;
        let (started, has_started) = channel();
        let own_address = Arc::clone(&address);
        thread::Builder::new()
            .name("queue-feeder".to_owned())
            .spawn(move || {
                let _forget = Forget(self, own_address);
                serve_here(socket, listener, key, no_tasks(), started);
            })?;
        has_started.recv().map_err(io::Error::other)??;
        *running = Some(Running {
            address: Arc::clone(&address),
            _owner: owner,
        });
        Ok(address)
    }
}

/// Forgets a thread with this address, when it ends: later queues need another one.
struct Forget(&'static Feeder, Arc<Address>);

impl Drop for Forget {
    fn drop(&mut self) {
        let mut running = lock(&self.0.0);
        if running.as_ref().is_some_and(|it| it.address == self.1) {
            *running = None;
        }
    }
}

/// Returns the tasks of services, which this process does not hold.
fn no_tasks() -> &'static Registry {
    static NONE: OnceLock<Registry> = OnceLock::new();

    NONE.get_or_init(Registry::new)
}

#[cfg(target_os = "linux")]
fn bind(key: Key) -> io::Result<(Address, UnixListener)> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    let name = format!(
        "multiprocessing-{}-{}",
        std::process::id(),
        super::folder::random_name()?
    );
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    Ok((Address::without_file(name.as_bytes(), key), listener))
}

/// In a folder, which the next manager removes after the end of this process.
#[cfg(not(target_os = "linux"))]
fn bind(key: Key) -> io::Result<(Address, UnixListener)> {
    use super::folder::{self, Folder};

    static FOLDER: Mutex<Option<Folder>> = Mutex::new(None);

    folder::sweep();
    let folder = Folder::create()?;
    let listener = UnixListener::bind(folder.socket())?;
    let address = Address::new(&folder.socket(), key);
    *lock(&FOLDER) = Some(folder);
    Ok((address, listener))
}

#[cfg(test)]
mod tests {
    use std::net::Shutdown;

    use super::*;
    use crate::manager::connection::request;
    use crate::manager::protocol::Request;

    #[test]
    fn another_thread_starts_when_the_first_one_has_ended() {
        static FEEDER: Feeder = Feeder::new();

        let first = FEEDER.address().unwrap();
        assert_eq!(FEEDER.address().unwrap(), first);
        request(&first, &Request::Status).unwrap();
        // As if the event loop had failed.
        let ends = |running: &Running| running._owner.shutdown(Shutdown::Both);
        lock(&FEEDER.0).as_ref().map(ends).unwrap().unwrap();
        while lock(&FEEDER.0).is_some() {
            thread::yield_now();
        }
        let second = FEEDER.address().unwrap();
        assert_ne!(second, first);
        request(&second, &Request::Status).unwrap();
        assert!(request(&first, &Request::Status).is_err());
    }
}
