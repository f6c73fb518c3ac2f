//! A client that speaks raw TCP, so that nothing between hides what is sent and how a connection ends.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_server::TestServer;

#[cfg(unix)]
pub(crate) mod program;

/// Waits until the condition holds, for at most a minute: for state that offers nothing to wait on.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited for a minute: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How a connection stands when nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Fin,
    Reset,
    /// It has not ended.
    Open,
}

/// How long a test waits for what must come.
const PATIENT: Duration = Duration::from_secs(30);

/// Long enough for what is on its way to arrive; whoever waits for nothing waits this long.
const QUIET: Duration = Duration::from_millis(150);

/// What came, to the byte, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: Ended,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body, which must be UTF-8.
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

/// Connects and sends this request line with its headers.
pub(crate) fn send(address: SocketAddr, lines: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(format!("{lines}\r\n\r\n").as_bytes())
        .unwrap();
    connection
}

/// Connects and asks for a path; the connection is kept alive.
pub(crate) fn send_get(server: &TestServer, path: &str) -> TcpStream {
    let lines = format!("GET {path} HTTP/1.1\r\nhost: localhost");
    send(server.addresses()[0], &lines)
}

/// Asks with these lines, which must make the server end the connection, and waits for that end.
pub(crate) fn ask_lines(address: SocketAddr, lines: &str) -> Answer {
    read(&mut send(address, lines), usize::MAX)
}

/// Reads until the connection ends. Once `enough` bytes have come, a silence ends it as well: before, a slow machine may
/// take its time.
pub(crate) fn read(connection: &mut TcpStream, enough: usize) -> Answer {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let deadline = Instant::now() + Duration::from_secs(60);
    let ended = loop {
        assert!(Instant::now() < deadline, "bytes without end");
        let patience = if bytes.len() < enough { PATIENT } else { QUIET };
        connection.set_read_timeout(Some(patience)).unwrap();
        match connection.read(&mut piece) {
            Ok(0) => break Ended::Fin,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break Ended::Reset,
            Err(error) => {
                let waited = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(waited, "{error}");
                break Ended::Open;
            }
        }
    };
    Answer { bytes, ended }
}

/// Reads this many bytes, or a few more, of an answer that may be endless.
pub(crate) fn read_some(connection: &mut TcpStream, count: usize) -> Answer {
    connection.set_read_timeout(Some(PATIENT)).unwrap();
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while bytes.len() < count {
        let came = connection.read(&mut piece).unwrap();
        assert_ne!(came, 0, "ended after {} bytes", bytes.len());
        bytes.extend_from_slice(&piece[..came]);
    }
    let ended = Ended::Open;
    Answer { bytes, ended }
}

/// Asks for a path and waits for the end of the connection.
pub(crate) fn ask(server: &TestServer, path: &str) -> Answer {
    let lines = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    ask_lines(server.addresses()[0], &lines)
}
