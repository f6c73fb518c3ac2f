//! A port of 127.0.0.1 that refuses connections.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use socket2::{Domain, Protocol, Socket, Type};

/// The port if the system has none left. No program listens there, but browsers and node do not connect to it.
const FALLBACK: u16 = 1;

/// Returns a port that is bound and does not listen, so that no other program listens on it while this process runs.
pub(crate) fn refused_port() -> u16 {
    static BOUND: OnceLock<(Socket, u16)> = OnceLock::new();
    if let Some((_, port)) = BOUND.get() {
        return *port;
    }
    bind().map_or(FALLBACK, |bound| BOUND.get_or_init(|| bound).1)
}

fn bind() -> io::Result<(Socket, u16)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket();
    let port = address.ok_or(io::ErrorKind::AddrNotAvailable)?.port();
    Ok((socket, port))
}
