//! A server that says exactly what it is told to, HTTP or not.

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Between two bytes of a server that drips.
const DRIP: Duration = Duration::from_millis(20);

/// One thread a connection, one answer a connection; its threads end with the test's process.
pub(crate) struct RawServer {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    /// Reads each request to the end of its head, writes `answer`, and closes: a whole answer should say so itself
    /// (`connection: close`), else the client may use the connection again and find it gone.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            // The client may have hung up.
            let _ = connection.write_all(&answer);
        })
    }

    /// Reads each request to the end of its head, writes `answer`, waits until the client has had time to read it, and resets
    /// the connection.
    pub(crate) fn resetting_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            let _ = connection.write_all(&answer);
            // A reset overtakes what has not been read.
            thread::sleep(DRIP);
            let _ = socket2::SockRef::from(&connection).set_linger(Some(Duration::ZERO));
        })
    }

    /// Reads each request to the end of its head, writes `answer`, and then says nothing more.
    pub(crate) fn stalling_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            let _ = connection.write_all(&answer);
            // Until the client hangs up.
            let _ = connection.read(&mut [0]);
        })
    }

    /// Reads each request, writes a head that announces much, and then a byte every 20 ms until the client hangs up.
    pub(crate) fn dripping() -> Self {
        Self::start(move |mut connection| {
            read_head(&mut connection);
            let head =
                connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nGIF89a");
            if head.is_ok() {
                while connection.write_all(b"x").is_ok() {
                    thread::sleep(DRIP);
                }
            }
        })
    }

    /// Answers request after request with this status, the body a moment after the head, and never closes.
    pub(crate) fn answering_in_two_parts(status: &'static str) -> Self {
        Self::start(move |mut connection| {
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\n");
            while read_head(&mut connection) {
                let sent = connection.write_all(head.as_bytes());
                thread::sleep(DRIP); // apart enough to arrive as two
                if sent.and_then(|()| connection.write_all(b"body")).is_err() {
                    break;
                }
            }
        })
    }

    /// Writes `greeting` to whoever connects, reads nothing, and closes once the client does.
    pub(crate) fn greeting(greeting: impl Into<Vec<u8>>) -> Self {
        let greeting = greeting.into();
        Self::start(move |mut connection| {
            let _ = connection.write_all(&greeting);
            let _ = connection.read_to_end(&mut Vec::new());
        })
    }

    pub(super) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (serve, counted) = (Arc::new(serve), Arc::clone(&connections));
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(connection));
            }
        });
        Self { port, connections }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/flags", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads up to the blank line behind a request's head; whether there was one.
pub(crate) fn read_head(connection: &mut impl Read) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// A 200 with this body, its length announced.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
