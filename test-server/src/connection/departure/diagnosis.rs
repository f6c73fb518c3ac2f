//! The socket diagnosis of Linux: what the kernel knows about a TCP socket of this machine.

use std::net::{IpAddr, SocketAddr};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// The type of a request and of its answer, and the flag of a request, in `linux/sock_diag.h` and
/// `linux/netlink.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;

/// The length of a netlink header, and where an answer has its inode: behind the header, four bytes about the
/// state, the addresses and four numbers of four bytes each.
const HEADER: usize = 16;
const INODE: usize = HEADER + 4 + 48 + 16;

/// Returns the inode of the socket at `own`, connected to `other`: 0 if no process has it open. Returns `None` if
/// this machine has no such socket, or the system does not answer.
///
/// # Source
/// sock_diag(7).
pub(super) fn inode_of(own: SocketAddr, other: SocketAddr) -> Option<u32> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )
    .ok()?;
    send(&socket, &request(own, other), SendFlags::empty()).ok()?;
    // The kernel answers before `send` returns, so this never waits.
    let mut answer = [0; 512];
    let (_, received) = recv(&socket, &mut answer, RecvFlags::DONTWAIT).ok()?;
    let answer = answer.get(..received)?;
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let inode = u32::from_ne_bytes(answer.get(INODE..INODE + 4)?.try_into().ok()?);
    (kind == SOCK_DIAG_BY_FAMILY).then_some(inode)
}

/// Returns the request for one TCP socket: a netlink header and a `struct inet_diag_req_v2`.
fn request(own: SocketAddr, other: SocketAddr) -> Vec<u8> {
    const TCP: u8 = 6;
    let (own_ip, other_ip) = (own.ip().to_canonical(), other.ip().to_canonical());
    let family = match own_ip {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let length = HEADER + 56;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    bytes.extend([0; 8]); // sequence number and sender
    bytes.extend([family.as_raw() as u8, TCP, 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes()); // in any state
    bytes.extend(own.port().to_be_bytes());
    bytes.extend(other.port().to_be_bytes());
    bytes.extend(address_field(own_ip));
    bytes.extend(address_field(other_ip));
    bytes.extend([0; 4]); // on any interface
    bytes.extend([0xff; 8]); // any cookie
    bytes
}

/// Returns an address in 16 bytes.
fn address_field(address: IpAddr) -> [u8; 16] {
    let mut field = [0; 16];
    match address {
        IpAddr::V4(v4) => field[..4].copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => field = v6.octets(),
    }
    field
}

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_inode_of_a_client_is_zero_only_when_it_has_closed_its_socket() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, _) = listener.accept().unwrap();
            let (own, other) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
            client.shutdown(Shutdown::Write).unwrap();
            let open = inode_of(own, other);
            assert!(open.is_some_and(|inode| inode != 0), "{address}: {open:?}");
            drop(client);
            assert_eq!(inode_of(own, other), Some(0), "{address}");
            drop(server);
            assert_eq!(inode_of(([127, 0, 0, 1], 1).into(), other), None);
        }
    }
}
