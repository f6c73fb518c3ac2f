//! Listening sockets that accept a thousand simultaneous connects, on ports that may have been in use a second ago.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// The number of connections that the kernel queues until they are accepted. With 128, some of 676 simultaneous clients
/// lose their SYN and wait whole seconds for its retransmission. The kernel lowers this to its own maximum.
pub(crate) const BACKLOG: i32 = 4096;

/// The most attempts to find a port that is free on both loopback addresses, if the caller leaves the choice to the
/// system.
const MAX_TRIES: usize = 16;

/// Where a server listens: on at least one address, everywhere on the same port.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    all: Vec<SocketAddr>,
    /// Whether they are all those of localhost.
    are_of_localhost: bool,
}

impl Addresses {
    pub(crate) fn all(&self) -> &[SocketAddr] {
        &self.all
    }

    pub(crate) fn port(&self) -> u16 {
        self.all[0].port()
    }

    /// Returns the URL without a path, such as `http://localhost:8001`.
    pub(crate) fn url(&self, scheme: &str) -> String {
        if self.are_of_localhost {
            format!("{scheme}://localhost:{}", self.port())
        } else {
            format!("{scheme}://{}", self.all[0])
        }
    }

    /// Returns whether a connection to this host, a name or an IP address, and this port arrives here. Names other than
    /// localhost are not looked up.
    #[cfg_attr(
        not(any(feature = "proxy", feature = "tcp")),
        expect(dead_code, reason = "only these have an upstream server")
    )]
    pub(crate) fn are_reached_by(&self, host: &str, port: u16) -> bool {
        let host = host.trim_matches(['[', ']']);
        let address = match host.parse::<IpAddr>() {
            Ok(address) => Some(address.to_canonical()),
            Err(_) if is_localhost(host) => None,
            Err(_) => return false,
        };
        let mut own = self.all.iter().filter(|own| own.port() == port);
        own.any(|own| match (own.ip(), address) {
            (own, None) => own.is_unspecified() || own == localhost_of(own),
            (own, Some(address)) if own.is_ipv4() != address.is_ipv4() => false,
            // A connection to all addresses arrives at localhost.
            (own, Some(address)) if address.is_unspecified() => {
                own.is_unspecified() || own == localhost_of(own)
            }
            (own, Some(address)) => {
                own == address || own.is_unspecified() && is_of_this_machine(address)
            }
        })
    }
}

fn is_localhost(host: &str) -> bool {
    host.trim_end_matches('.').eq_ignore_ascii_case("localhost")
}

/// Returns the address of localhost of the same family.
fn localhost_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Only addresses of this machine can be bound.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

/// Listens on this address, or else on those of localhost. Port 0 picks a free one.
///
/// # Errors
/// If the port is in use on one of the addresses.
pub(crate) fn bind(
    address: Option<IpAddr>,
    port: u16,
    backlog: i32,
) -> io::Result<(Vec<TcpListener>, Addresses)> {
    let listeners = match address {
        Some(address) => {
            let with_address = |error: io::Error| {
                let why = format!("cannot listen on {address}: {error}");
                io::Error::new(error.kind(), why)
            };
            let listener = on(SocketAddr::from((address, port)), backlog);
            vec![listener.map_err(with_address)?]
        }
        None => bind_loopback(port, backlog)?,
    };
    let all = listeners.iter().map(TcpListener::local_addr);
    let addresses = Addresses {
        all: all.collect::<io::Result<Vec<_>>>()?,
        are_of_localhost: address.is_none(),
    };
    Ok((listeners, addresses))
}

/// Listens on 127.0.0.1 and, if the machine has it, on ::1, both on the same port. Port 0 picks a free one.
///
/// # Errors
/// If the port is in use on either address: if the server had only one of the addresses of `localhost`, some clients
/// would reach it and others would not.
fn bind_loopback(port: u16, backlog: i32) -> io::Result<Vec<TcpListener>> {
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
