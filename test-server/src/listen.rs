//! Sockets that are ready for a crowd: a thousand clients that connect at the same moment, and a port that was in use
//! a second ago.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// Connections the kernel keeps until they are accepted. With 128, 676 clients at once wait whole seconds for their
/// lost SYN to be sent again. The kernel lowers it to its own maximum.
pub(crate) const BACKLOG: i32 = 4096;

/// How often port 0 is tried again when the port it gave is taken on the other loopback address.
const TRIES: usize = 16;

/// A listener on 127.0.0.1 and, where the machine has one, on ::1, both on the same port; 0: a free one.
///
/// # Errors
/// When either address is taken: a server on half a name would be met by some clients and not by others.
pub(crate) fn on_loopback(port: u16, backlog: i32) -> io::Result<Vec<TcpListener>> {
    let mut tries = 1;
    loop {
        let v4 = on(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), backlog)?;
        let same_port = v4.local_addr()?.port();
        match on(SocketAddr::from((Ipv6Addr::LOCALHOST, same_port)), backlog) {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(error) if no_such_address(&error) => return Ok(vec![v4]),
            Err(_) if port == 0 && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// A listener on one address.
pub(crate) fn on_address(address: IpAddr, port: u16, backlog: i32) -> io::Result<Vec<TcpListener>> {
    on(SocketAddr::from((address, port)), backlog).map(|listener| vec![listener])
}

fn on(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Unix: a port whose last connections are still dying may be taken over. On Windows it would mean a port that
    // is in use may be stolen.
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

/// Whether it is the machine that has no such address, and not somebody else who has it.
fn no_such_address(error: &io::Error) -> bool {
    #[cfg(unix)]
    let no_such_family =
        error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let no_such_family = error.kind() == io::ErrorKind::Unsupported;
    no_such_family || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// Fills the queues of listeners that nobody accepts from, until connecting takes too long.
pub(crate) fn fill(addresses: &[SocketAddr]) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for address in addresses {
        for _ in 0..CROWD {
            match TcpStream::connect_timeout(address, FULL_AFTER) {
                Ok(one) => crowd.push(one),
                Err(_) => break,
            }
        }
    }
    crowd
}

/// Far more than the shortest queue of any system.
const CROWD: usize = 64;
const FULL_AFTER: Duration = Duration::from_millis(100);
