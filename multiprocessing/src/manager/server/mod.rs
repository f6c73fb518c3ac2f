//! The manager's process: one thread with an event loop over the listening socket, its owner and all clients. That thread
//! runs no code of the user, and never waits for a client. The tasks of services run in threads of their own.
//!
//! * `peer`: the connection to one client
//! * `threads`: the threads of services
//! * `event_loop`: from requests to replies

mod event_loop;
mod peer;
mod threads;

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use mio::net::UnixListener;
use portable_task::{Bytes, Registry};
use serde::{Deserialize, Serialize};

use self::event_loop::Server;
use super::folder::Folder;
use super::protocol::hello::Key;
use crate::child::{Role, announce};
use crate::connection::{Frame, Receiver, send_all};

/// What the owner of a manager sends to it first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The folder for the socket, as bytes.
    pub(crate) folder: Bytes,
    pub(crate) key: Key,
}

/// Acts as a manager in this thread, until the other end of `owner` is closed. Reports through `started` whether clients
/// can connect.
pub(crate) fn serve_here(
    owner: UnixStream,
    listener: StdListener,
    key: Key,
    registry: &'static Registry,
    started: Sender<io::Result<()>>,
) {
    let server = owner
        .set_nonblocking(true)
        .and_then(|()| listener.set_nonblocking(true))
        .and_then(|()| Server::new(owner, UnixListener::from_std(listener), key, registry));
    // The receiver waits for it.
    let _ = match server {
        Ok(mut server) => started.send(Ok(())).map(|()| server.run()),
        Err(error) => started.send(Err(error)).map(Ok),
    };
}

/// Acts as a manager until the owner closes the connection.
///
/// # Errors
/// If the connection to the owner fails, or the event loop.
pub(crate) fn serve(owner: UnixStream, registry: &'static Registry) -> io::Result<()> {
    announce(&owner, Role::Manager, registry)?;
    let mut body = Vec::new();
    if Receiver::new().receive(&owner, &mut body)?.is_none() {
        return Ok(());
    }
    let setup: Setup = postcard::from_bytes(&body).map_err(io::Error::other)?;
    let path = PathBuf::from(OsString::from_vec(setup.folder.0));
    let started = Folder::open(path).and_then(|folder| {
        let listener = UnixListener::bind(folder.socket())?;
        let owner = owner.try_clone()?;
        Ok((folder, Server::new(owner, listener, setup.key, registry)?))
    });
    // An empty body says that clients can connect.
    let mut ready = Frame::new();
    if let Err(error) = &started {
        ready.body().extend_from_slice(error.to_string().as_bytes());
    }
    ready.finish(0).map_err(io::Error::other)?;
    send_all(&owner, ready.as_bytes())?;
    let (folder, mut server) = started?;
    owner.set_nonblocking(true)?;
    let served = server.run();
    // Before the owner sees the end of the connection.
    drop(folder);
    served
}
