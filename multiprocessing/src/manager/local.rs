//! Objects that this process holds itself: the same event loop as that of a manager, in a thread.
//!
//! So a queue without a manager is a socket and a thread that feeds it, and its handles travel like all others. On Linux the
//! socket has a name that is not in the file system, so nothing is left behind.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use portable_task::Registry;

use super::connection::Address;
use super::hello::Key;
use super::server::serve_here;
use crate::program::served;

/// The address of this process, once it holds an object.
static ADDRESS: Mutex<Option<Arc<Address>>> = Mutex::new(None);

/// Returns the address of this process. The first call that succeeds starts the thread.
///
/// # Errors
/// If the system cannot create the socket, the thread or its event queue.
pub(crate) fn address() -> io::Result<Arc<Address>> {
    static EMPTY: OnceLock<Registry> = OnceLock::new();

    let mut known = ADDRESS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(address) = &*known {
        return Ok(Arc::clone(address));
    }
    let key = Key::random()?;
    let (address, listener) = bind(key)?;
    let (here, there) = UnixStream::pair()?;
    let registry = served().unwrap_or_else(|| EMPTY.get_or_init(Registry::new));
    let (started, has_started) = channel();
    thread::Builder::new()
        .name("queue-feeder".to_owned())
        .spawn(move || {
            // It ends with the process: the event loop ends when the other end of this pair is closed.
            let _owner = here;
            serve_here(there, listener, key, registry, &started);
        })?;
    has_started.recv().map_err(io::Error::other)??;
    Ok(Arc::clone(known.insert(Arc::new(address))))
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
    *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder);
    Ok((address, listener))
}
