//! A server that writes the bytes it is given, whether they are HTTP or not.

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The longest time between two writes that must not arrive together.
const WRITE_GAP: Duration = Duration::from_millis(20);

/// Waits for [`WRITE_GAP`], so that the client reads what has been written before more follows. Ends at once if the client
/// closes the connection.
pub(super) fn pause(connection: &mut TcpStream) {
    let limit = |time| connection.set_read_timeout(time).unwrap();
    limit(Some(WRITE_GAP));
    // Peeked, so that a request that the client sends meanwhile is not lost.
    let _ = connection.peek(&mut [0]);
    limit(None);
}

/// A server with one thread per connection. Its threads end with the process of the test.
pub(crate) struct RawServer {
    port: u16,
    connections: Arc<AtomicUsize>,
    /// The heads of the requests, if the server records them.
    heads: Arc<Mutex<Vec<String>>>,
    /// The requests that were read, if the server counts them.
    requests: Arc<AtomicUsize>,
}

/// What a server does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtTheEnd {
    Closes,
    Waits,
}

impl RawServer {
    /// Reads the head of one request per connection, writes `answer` and closes.
    ///
    /// A complete answer should contain `connection: close`. Otherwise the client may reuse the connection and find it
    /// closed.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            // The client may have hung up.
            let _ = connection.write_all(&answer);
        })
    }

    /// Answers like [`answering`](Self::answering), and records the heads of the requests.
    pub(crate) fn recording(answer: impl Into<Vec<u8>>) -> Self {
        let (answer, heads) = (answer.into(), Arc::<Mutex<Vec<String>>>::default());
        let recorded = Arc::clone(&heads);
        let server = Self::start(move |mut connection| {
            if let Some(head) = head(&mut connection) {
                recorded.lock().unwrap().push(head);
            }
            let _ = connection.write_all(&answer);
        });
        Self { heads, ..server }
    }

    /// Returns the heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Reads the head of one request per connection, writes `answer`, gives the client time to read it, and resets the
    /// connection.
    pub(crate) fn resetting_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            let _ = connection.write_all(&answer);
            // A reset discards bytes that the client has not read yet.
            pause(&mut connection);
            let _ = socket2::SockRef::from(&connection).set_linger(Some(Duration::ZERO));
        })
    }

    /// Reads the head of one request per connection, writes `answer`, and keeps the connection open without writing
    /// more.
    pub(crate) fn stalling_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            let _ = connection.write_all(&answer);
            // Returns when the client closes the connection.
            let _ = connection.read(&mut [0]);
        })
    }

    /// Answers every request on a connection with this status, the body a moment after the head. Never closes a
    /// connection.
    pub(crate) fn answering_in_two_parts(status: &'static str) -> Self {
        Self::start(move |mut connection| {
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\n");
            while read_head(&mut connection) {
                let sent = connection.write_all(head.as_bytes());
                pause(&mut connection);
                if sent.and_then(|()| connection.write_all(b"body")).is_err() {
                    break;
                }
            }
        })
    }

    /// Answers the first requests for flags with status 500, and later ones with this flag of BR, or with status 404.
    pub(crate) fn failing_at_first(requests: usize, br: Vec<u8>) -> Self {
        let seen = AtomicUsize::new(0);
        let without_body = |status: &str| {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                .into_bytes()
        };
        Self::start(move |mut connection| {
            let Some(head) = head(&mut connection) else {
                return;
            };
            let is_flag = head.starts_with("GET /flags/");
            let answer = match is_flag.then(|| seen.fetch_add(1, Ordering::SeqCst)) {
                Some(before) if before < requests => without_body("500 Internal Server Error"),
                Some(_) if head.contains("/br.gif ") => ok(&br),
                _ => without_body("404 Not Found"),
            };
            let _ = connection.write_all(&answer);
        })
    }

    /// Reads the head of one request per connection, writes what `decide` returns for it and for the port of this server,
    /// and closes.
    pub(crate) fn deciding(decide: impl Fn(&str, u16) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(move |mut connection| {
            let port = connection.local_addr().map_or(0, |address| address.port());
            if let Some(head) = head(&mut connection) {
                let _ = connection.write_all(&decide(&head, port));
            }
        })
    }

    /// Reads the head of one request per connection and records it, and writes what `decide` returns for its number, from 0,
    /// and for it. Then closes the connection, or if that is also decided, waits until the client does.
    pub(crate) fn in_turn(
        decide: impl Fn(usize, &str) -> (Vec<u8>, AtTheEnd) + Send + Sync + 'static,
    ) -> Self {
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&heads);
        let server = Self::start(move |mut connection| {
            let Some(head) = head(&mut connection) else {
                return;
            };
            let number = {
                let mut heads = recorded.lock().unwrap();
                heads.push(head.clone());
                heads.len() - 1
            };
            let (answer, end) = decide(number, &head);
            let _ = connection.write_all(&answer);
            if end == AtTheEnd::Waits {
                let _ = connection.read(&mut [0]);
            }
        });
        Self { heads, ..server }
    }

    /// Opens a tunnel on the first request of a connection, as a proxy does, and answers the first bytes in it with `answer`.
    pub(crate) fn tunnelling_to(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            read_head(&mut connection);
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(&answer);
            // Returns when the client closes the connection.
            let _ = connection.read(&mut [0]);
        })
    }

    /// Answers every request on a connection with these bytes. Never closes a connection.
    pub(crate) fn answering_every_request(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(
            move |mut connection| {
                while read_head(&mut connection) && connection.write_all(&answer).is_ok() {}
            },
        )
    }

    /// Answers the first request of all, keeps that connection, and closes each connection at the next request on it.
    pub(crate) fn answering_only_the_first_request(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        let server = Self::start(move |mut connection| {
            while read_head(&mut connection) {
                if counted.fetch_add(1, Ordering::SeqCst) > 0 {
                    break;
                }
                let _ = connection.write_all(&answer);
            }
        });
        Self { requests, ..server }
    }

    /// Redirects each request for a flag, closes the connection at the next request on it, and answers a redirected request
    /// only if it is the first on its connection.
    pub(crate) fn redirecting_once_per_connection(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut connection| {
            let Some(request) = head(&mut connection) else {
                return;
            };
            let redirect = "HTTP/1.1 302 Found\r\nlocation: /moved\r\ncontent-length: 0\r\n\r\n";
            let _ = match request.starts_with("GET /moved ") {
                true => connection.write_all(&answer),
                false => connection.write_all(redirect.as_bytes()),
            };
            read_head(&mut connection);
        })
    }

    /// Writes `greeting` on every connection without waiting for a request, and closes it once the client does.
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
        Self {
            port,
            connections,
            heads: Arc::default(),
            requests: Arc::default(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/flags", self.port)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads the head of a request, up to its blank line. Returns whether it was complete.
pub(crate) fn read_head(connection: &mut impl Read) -> bool {
    head(connection).is_some()
}

/// Reads the head of a request, up to its blank line. Returns `None` if it is not complete.
fn head(connection: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        connection.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// Returns an answer with status 200, this body and its Content-Length, after which the connection is closed.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    answer("HTTP/1.1 200 OK\r\nconnection: close", body)
}

/// Returns an answer with status 200, this body and its Content-Length, after which the connection is kept.
pub(crate) fn kept_ok(body: &[u8]) -> Vec<u8> {
    answer("HTTP/1.1 200 OK", body)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
