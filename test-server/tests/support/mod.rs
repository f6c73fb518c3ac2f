//! A client that speaks raw TCP, so that nothing between hides what is sent and how a connection ends.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use test_server::TestServer;

/// Waits until it is so.
pub(crate) fn until(mut it_is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !it_is_so() {
        assert!(Instant::now() < deadline, "waited for too long");
        std::thread::yield_now();
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

/// Long enough for what is on its way to arrive; whoever waits for nothing waits this long.
const QUIET: Duration = Duration::from_millis(150);

/// What came, to the byte, and how it ended.
#[derive(Debug)]
pub(crate) struct Met {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: Ended,
}

impl Met {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
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

/// Asks with these lines and takes what comes, up to `most` bytes.
pub(crate) fn ask_lines(address: SocketAddr, lines: &str, most: usize) -> Met {
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .write_all(format!("{lines}\r\n\r\n").as_bytes())
        .unwrap();
    read(&mut connection, most)
}

pub(crate) fn read(connection: &mut TcpStream, most: usize) -> Met {
    connection.set_read_timeout(Some(QUIET)).unwrap();
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while bytes.len() < most {
        assert!(Instant::now() < deadline, "bytes without end");
        match connection.read(&mut piece) {
            Ok(0) => {
                return Met {
                    bytes,
                    ended: Ended::Fin,
                };
            }
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Met {
                    bytes,
                    ended: Ended::Reset,
                };
            }
            Err(error) => {
                let waited = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(waited, "{error}");
                return Met {
                    bytes,
                    ended: Ended::Open,
                };
            }
        }
    }
    Met {
        bytes,
        ended: Ended::Open,
    }
}

/// Asks for a flag and goes on to the end of the connection.
pub(crate) fn ask(server: &TestServer, path: &str) -> Met {
    let lines = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    ask_lines(server.addresses()[0], &lines, usize::MAX)
}
