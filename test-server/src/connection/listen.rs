//! Listening sockets that accept a thousand simultaneous connects, on ports that may have been in use a second ago.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// The number of connections that the kernel queues until they are accepted. With 128, some of 676 simultaneous clients
/// lose their SYN and wait whole seconds for its retransmission. The kernel lowers this to its own maximum.
pub(crate) const BACKLOG: i32 = 4096;

/// The most attempts to find a port that is free on both loopback addresses, if the caller leaves the choice to the
/// system.
const MAX_TRIES: usize = 16;

/// Listens on 127.0.0.1 and, if the machine has it, on ::1, both on the same port. Port 0 picks a free one.
///
/// # Errors
/// If the port is in use on either address: if the server had only one of the addresses of `localhost`, some clients
/// would reach it and others would not.
pub(crate) fn bind_loopback(port: u16, backlog: i32) -> io::Result<Vec<TcpListener>> {
    let mut tries = 1;
    loop {
        let v4 = on(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), backlog)?;
        let same_port = v4.local_addr()?.port();
        match on(SocketAddr::from((Ipv6Addr::LOCALHOST, same_port)), backlog) {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(error) if address_is_missing(&error) => return Ok(vec![v4]),
            Err(_) if port == 0 && tries < MAX_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Listens on one address. Returns a list to match `bind_loopback`.
pub(crate) fn bind_address(
    address: IpAddr,
    port: u16,
    backlog: i32,
) -> io::Result<Vec<TcpListener>> {
    on(SocketAddr::from((address, port)), backlog).map(|listener| vec![listener])
}

fn on(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Unix this allows a port whose last connections are still in TIME_WAIT. On Windows it would allow a port that
    // another program is listening on.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Returns whether binding failed because this machine lacks the address, rather than because the port is in use.
fn address_is_missing(error: &io::Error) -> bool {
    #[cfg(unix)]
    let family_is_missing =
        error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let family_is_missing = error.kind() == io::ErrorKind::Unsupported;
    family_is_missing || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// Connects to listeners that do not accept until their queues are full. The queues stay full while the result lives.
pub(crate) fn fill_backlog(addresses: &[SocketAddr]) -> Vec<TcpStream> {
    let mut fillers = Vec::new();
    for address in addresses {
        for _ in 0..MAX_FILLERS {
            match TcpStream::connect_timeout(address, FULL_AFTER) {
                Ok(connection) => fillers.push(connection),
                Err(_) => break,
            }
        }
    }
    fillers
}

/// The most connections per address, far more than the shortest queue of any system.
const MAX_FILLERS: usize = 64;
/// A queue counts as full when connecting takes this long.
const FULL_AFTER: Duration = Duration::from_millis(100);
