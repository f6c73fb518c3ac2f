//! Whether a client that has shut down its sending side has left altogether.
//!
//! Both look the same on the wire: the end of the stream. A client that has only shut down its sending side, as
//! `nc -N` does, still reads its response and must get it. A client that has closed its socket must not keep its
//! request in flight. For a client on the same machine, Linux knows whether any process still has its socket open.
//!
//! * `diagnosis`: the socket diagnosis of Linux

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

#[cfg(target_os = "linux")]
mod diagnosis;

/// How long a response may take if the system cannot tell whether the client has left: a client on another machine, or
/// a system other than Linux.
const GRACE: Duration = Duration::from_secs(5);

/// The pause between the first two checks. Each later pause is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The socket of a client, as its system sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientSocket {
    /// A process has it open.
    Open,
    /// All processes have closed it.
    Closed,
    /// Not known.
    Unknown,
}

/// Watches a client whose stream has ended.
#[derive(Debug)]
pub(crate) struct Departure {
    ended: Instant,
    /// How long to wait if the system cannot tell, or for ever.
    grace: Option<Duration>,
    pause: Duration,
    next_check: Option<Pin<Box<Sleep>>>,
}

impl Departure {
    /// Starts to watch a client whose stream has just ended.
    pub(crate) fn new() -> Self {
        Self {
            ended: Instant::now(),
            grace: Some(GRACE),
            pause: FIRST_PAUSE,
            next_check: None,
        }
    }

    /// Starts to watch a client whose stream is not read and may not have ended.
    #[cfg(feature = "tcp")]
    pub(crate) fn of_unread() -> Self {
        Self {
            grace: None,
            ..Self::new()
        }
    }

    /// Completes when the client has left.
    pub(crate) fn poll(&mut self, stream: &TcpStream, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(next_check) = &mut self.next_check {
                ready!(next_check.as_mut().poll(context));
            }
            if self.has_left(stream) {
                return Poll::Ready(());
            }
            let due = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            self.next_check = Some(Box::pin(sleep_until(due)));
        }
    }

    fn has_left(&self, stream: &TcpStream) -> bool {
        // After its end, the stream returns an error if the client has reset the connection. What it still has stays for
        // those who read it.
        let peeked = socket2::SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]);
        let is_open = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            )
        };
        if peeked.is_err_and(|error| !is_open(&error)) {
            return true;
        }
        let (Ok(client), Ok(server)) = (stream.peer_addr(), stream.local_addr()) else {
            return true;
        };
        match client_socket(client, server) {
            ClientSocket::Open => false,
            ClientSocket::Closed => true,
            ClientSocket::Unknown => self
                .grace
                .is_some_and(|grace| self.ended.elapsed() >= grace),
        }
    }
}

/// Looks up the client's end of a connection between two addresses of this machine.
#[cfg(target_os = "linux")]
fn client_socket(client: SocketAddr, server: SocketAddr) -> ClientSocket {
    diagnosis::inode_of(client, server).map_or(ClientSocket::Unknown, |inode| match inode {
        0 => ClientSocket::Closed,
        _ => ClientSocket::Open,
    })
}

#[cfg(not(target_os = "linux"))]
fn client_socket(_: SocketAddr, _: SocketAddr) -> ClientSocket {
    ClientSocket::Unknown
}
