//! A client that speaks raw TCP, so that no HTTP library hides the bytes sent and how a connection ends.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use test_server::{Stats, TestServer};

#[cfg(all(unix, feature = "proxy", feature = "tcp"))]
pub(crate) mod other;
#[cfg(unix)]
pub(crate) mod program;
#[cfg(feature = "tls")]
pub(crate) mod tls;

/// Blocks until the counters of the server meet the condition. Panics with them after a minute.
#[track_caller]
pub(crate) fn wait_until(
    what: &str,
    server: &TestServer,
    condition: impl FnMut(&Stats) -> bool,
) -> Stats {
    let waited = server.wait_until(Duration::from_secs(60), condition);
    waited.unwrap_or_else(|stats| panic!("waited for a minute: {what}: {stats:?}"))
}

/// The state of a connection after the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    Fin,
    Reset,
    /// The connection is still open.
    Open,
}

/// How long a test waits for bytes that must arrive.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a test waits to see that no more bytes arrive. Long enough for bytes that are on their way.
const QUIET_PERIOD: Duration = Duration::from_millis(150);

/// The bytes received, and how the connection ended.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) bytes: Vec<u8>,
    pub(crate) connection: ConnectionState,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Returns the body, which must be UTF-8.
    pub(crate) fn body_text(&self) -> String {
        String::from_utf8(self.body().to_vec()).unwrap()
    }

    pub(crate) fn status(&self) -> u16 {
        self.text()[9..12].parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.text().split("\r\n\r\n").next().unwrap().to_lowercase();
        let prefix = format!("{name}: ");
        head.lines()
            .find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
    }

    pub(crate) fn body(&self) -> &[u8] {
        let end = self
            .bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        &self.bytes[end + 4..]
    }
}

/// Connects and sends this request line and its headers.
pub(crate) fn send(address: SocketAddr, lines: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(format!("{lines}\r\n\r\n").as_bytes())
        .unwrap();
    connection
}

/// Connects and sends a GET of this path. The connection is kept alive.
pub(crate) fn send_get(server: &TestServer, path: &str) -> TcpStream {
    let lines = format!("GET {path} HTTP/1.1\r\nhost: localhost");
    send(server.addresses()[0], &lines)
}

/// Connects, sends these lines and reads until the server closes the connection, as the request must make it do.
pub(crate) fn exchange(address: SocketAddr, lines: &str) -> Response {
    read(&mut send(address, lines), usize::MAX)
}

/// Reads once. A read with a time limit is interrupted when this process is stopped and continues, and is made again.
pub(crate) fn receive(connection: &mut TcpStream, bytes: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match connection.read(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads until the connection ends, or until no more bytes arrive for a while after the first `enough`. Before that, a
/// slow machine may take its time.
pub(crate) fn read(connection: &mut TcpStream, enough: usize) -> Response {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let deadline = Instant::now() + Duration::from_secs(60);
    let connection = loop {
        assert!(Instant::now() < deadline, "the response does not end");
        let timeout = if bytes.len() < enough {
            TIMEOUT
        } else {
            QUIET_PERIOD
        };
        connection.set_read_timeout(Some(timeout)).unwrap();
        match receive(connection, &mut piece) {
            Ok(0) => break ConnectionState::Fin,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                break ConnectionState::Reset;
            }
            Err(error) => {
                let waited = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(waited, "{error}");
                break ConnectionState::Open;
            }
        }
    };
    Response { bytes, connection }
}

/// Reads this many bytes, or a few more, of a response that may be endless.
pub(crate) fn read_some(connection: &mut TcpStream, count: usize) -> Response {
    connection.set_read_timeout(Some(TIMEOUT)).unwrap();
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while bytes.len() < count {
        let received = receive(connection, &mut piece).unwrap();
        assert_ne!(received, 0, "ended after {} bytes", bytes.len());
        bytes.extend_from_slice(&piece[..received]);
    }
    let connection = ConnectionState::Open;
    Response { bytes, connection }
}

/// Sends a GET of this path and reads until the connection ends.
pub(crate) fn get(server: &TestServer, path: &str) -> Response {
    let lines = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    exchange(server.addresses()[0], &lines)
}

/// Reports that this machine lacks what a test needs. Skips are counted, as in the tests of flags.
pub(crate) fn skip(what: &str) {
    eprintln!("skipped: {what}");
    if let Some(list) = std::env::var_os("FLAGS_SKIPPED") {
        let mut list = std::fs::File::options()
            .append(true)
            .create(true)
            .open(list)
            .unwrap();
        writeln!(list, "{what}").unwrap();
    }
}
