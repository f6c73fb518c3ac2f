//! The connection that each thread has to each manager.
//!
//! The owner of a lock is a connection, and so a thread. The end of the thread closes its connections, which releases what
//! it holds; so does the end of the process, whatever its cause.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portable_task::Bytes;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use serde::{Deserialize, Serialize};

use super::error::ManagerError;
use super::protocol::hello::{Key, Welcome, hello};
use super::protocol::user::is_of_this_user;
use super::protocol::{Reply, Request, UNANSWERED};
use crate::connection::{Frame, Receiver, send_all};

/// Where a manager is, and the key to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// The path of the socket. The name of one that is not in the file system follows a NUL.
    path: Bytes,
    key: Key,
}

impl Address {
    pub(crate) fn new(path: &Path, key: Key) -> Self {
        Self {
            path: path.as_os_str().as_bytes().to_vec().into(),
            key,
        }
    }

    /// Returns the address of a socket whose name is not in the file system.
    #[cfg(target_os = "linux")]
    pub(crate) fn without_file(name: &[u8], key: Key) -> Self {
        Self {
            path: [&[0], name].concat().into(),
            key,
        }
    }

    fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    fn connect(&self) -> io::Result<UnixStream> {
        #[cfg(target_os = "linux")]
        if let Some((0, name)) = self.path.split_first() {
            use std::os::linux::net::SocketAddrExt;
            use std::os::unix::net::SocketAddr;

            return UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?);
        }
        UnixStream::connect(self.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().fmt(f)
    }
}

/// The number of a connection, unique in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session(u64);

#[derive(Debug)]
struct Connection {
    socket: UnixStream,
    receiver: Receiver,
    session: Session,
    last_number: u64,
    /// The body of the last reply.
    body: Vec<u8>,
}

thread_local! {
    static CONNECTIONS: RefCell<Connections> = const { RefCell::new(Vec::new()) };
}

/// The connections of a thread.
type Connections = Vec<(Arc<Address>, Connection)>;

/// Sends a request over this thread's connection, and waits for its reply.
pub(crate) fn request(
    address: &Arc<Address>,
    request: &Request,
) -> Result<(Reply, Session), ManagerError> {
    // Before anything else: a request that cannot be encoded must not cost the connection and all that it holds.
    let frame = encode(request)?;
    let replied = CONNECTIONS.try_with(|connections| {
        let mut connections = connections.borrow_mut();
        let mut known = connections.iter();
        let index = match known.position(|(known, _)| is_same(known, address)) {
            Some(index) => index,
            None => {
                // Those to managers that have ended meanwhile would stay forever.
                connections.retain(|(_, connection)| connection.is_open());
                connections.push((Arc::clone(address), Connection::open(address)?));
                connections.len() - 1
            }
        };
        let session = connections[index].1.session;
        exchange(&mut connections, index, frame).map(|reply| (reply, session))
    });
    // This thread is ending, and has closed its connections.
    replied.unwrap_or(Err(ManagerError::Gone))
}

/// Sends a request over the connection of this session, and waits for its reply. Returns `None` if this thread has lost that
/// connection, which has released what it held.
pub(crate) fn request_in(
    session: Session,
    request: &Request,
) -> Result<Option<Reply>, ManagerError> {
    let frame = encode(request)?;
    let replied = CONNECTIONS.try_with(|connections| {
        let mut connections = connections.borrow_mut();
        let mut known = connections.iter();
        match known.position(|(_, known)| known.session == session) {
            Some(index) => exchange(&mut connections, index, frame).map(Some),
            None => Ok(None),
        }
    });
    replied.unwrap_or(Err(ManagerError::Gone))
}

/// Sends a request over one of the connections, which is closed if that or its reply fails: the next reply would not be
/// that of the next request.
fn exchange(
    connections: &mut Connections,
    index: usize,
    request: Frame,
) -> Result<Reply, ManagerError> {
    let replied = connections[index].1.request(request);
    replied.inspect_err(|_| drop(connections.swap_remove(index)))
}

/// Sends a request that releases something of this session, without waiting. The manager handles it before this thread's
/// next request. A request that another thread sends later may overtake it.
pub(crate) fn release(session: Session, request: &Request) {
    // Fails if this thread is ending, or the connection is broken: both release everything.
    let _ = CONNECTIONS.try_with(|connections| {
        let connections = connections.borrow();
        let mut connections = connections.iter();
        let found = connections.find(|(_, connection)| connection.session == session);
        found.map(|(_, connection)| connection.send(&encode(request)?))
    });
}

/// Closes the connection of this thread to a manager, if it has one.
pub(crate) fn disconnect(address: &Arc<Address>) {
    // Fails if this thread is ending: then it has none.
    let _ = CONNECTIONS.try_with(|connections| {
        let mut connections = connections.borrow_mut();
        connections.retain(|(known, _)| !is_same(known, address));
    });
}

fn is_same(one: &Arc<Address>, other: &Arc<Address>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

impl Connection {
    fn open(address: &Address) -> Result<Self, ManagerError> {
        static LAST_SESSION: AtomicU64 = AtomicU64::new(0);

        let socket = address.connect().map_err(gone_or)?;
        if !is_of_this_user(&socket) {
            return Err(ManagerError::Refused("it belongs to another user"));
        }
        let mut connection = Self {
            socket,
            receiver: Receiver::new(),
            session: Session(LAST_SESSION.fetch_add(1, Ordering::Relaxed)),
            last_number: UNANSWERED,
            body: Vec::new(),
        };
        let mut frame = Frame::new();
        frame.body().extend_from_slice(&hello(&address.key));
        let finished = frame.finish(UNANSWERED);
        finished.map_err(|error| ManagerError::Encode(error.to_string()))?;
        connection.send(&frame)?;
        connection.receive(UNANSWERED)?;
        match *connection.body {
            [answer] if answer == Welcome::Accepted as u8 => Ok(connection),
            [answer] if answer == Welcome::WrongKey as u8 => {
                Err(ManagerError::Refused("it has another key"))
            }
            _ => Err(ManagerError::Refused("it has another version")),
        }
    }

    /// # Errors
    /// If the request cannot be sent or its reply not received. The connection cannot be used any more then.
    fn request(&mut self, mut request: Frame) -> Result<Reply, ManagerError> {
        self.last_number += 1;
        request.set_number(self.last_number);
        self.send(&request)?;
        self.receive(self.last_number)?;
        postcard::from_bytes(&self.body).map_err(|error| ManagerError::Decode(error.to_string()))
    }

    fn send(&self, frame: &Frame) -> Result<(), ManagerError> {
        send_all(&self.socket, frame.as_bytes()).map_err(gone_or)
    }

    /// Receives the reply with this number into `body`.
    fn receive(&mut self, number: u64) -> Result<(), ManagerError> {
        let received = self
            .receiver
            .receive_reply(&self.socket, &mut self.body, number);
        match received.map_err(gone_or)? {
            true => Ok(()),
            false => Err(ManagerError::Gone),
        }
    }

    /// Returns whether the manager has not closed the connection.
    fn is_open(&self) -> bool {
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        let peeked = rustix::net::recv(&self.socket, &mut [0], flags);
        matches!(peeked, Err(Errno::AGAIN | Errno::INTR) | Ok((_, 1..)))
    }
}

/// Encodes a request, as one without a reply.
fn encode(request: &Request) -> Result<Frame, ManagerError> {
    Frame::of(UNANSWERED, request).map_err(|error| ManagerError::Encode(error.message))
}

/// Returns the meaning of an error of a socket.
fn gone_or(error: io::Error) -> ManagerError {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => ManagerError::Gone,
        io::ErrorKind::InvalidData => ManagerError::Decode(error.to_string()),
        _ => ManagerError::Io(error),
    }
}
