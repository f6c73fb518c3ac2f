//! A server that says exactly what it is told to, HTTP or not.

use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

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

    fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
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

/// A server that asks to be left alone: of the first `at_once` requests, which it waits for, one is answered with a 503, a
/// Retry-After and a body that never comes to its end; the others once that has been heard.
pub(crate) struct LeftAlone {
    server: RawServer,
    seen: Arc<Mutex<Seen>>,
    pause: Duration,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Instant>,
    asked: Option<Instant>,
    heard: Option<Heard>,
}

/// When it was heard that a server wants to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// While its body was still waited for.
    AtOnce,
    /// Only when that had been given up.
    Late,
}

impl LeftAlone {
    /// `heard` says whether the client keeps away by now.
    pub(crate) fn new(
        at_once: usize,
        pause: Duration,
        answer: Vec<u8>,
        heard: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let changed = Arc::new(Condvar::new());
        let told = Arc::clone(&seen);
        let server = RawServer::start(move |mut connection| {
            read_head(&mut connection);
            let mut seen = told.lock().unwrap();
            seen.requests.push(Instant::now());
            let mine = seen.requests.len();
            changed.notify_all();
            if mine == at_once {
                seen.asked = Some(Instant::now());
                drop(seen);
                let refusal = format!(
                    "HTTP/1.1 503 No\r\nretry-after: {}\r\ncontent-length: 10\r\n\r\nno",
                    pause.as_secs()
                );
                let _ = connection.write_all(refusal.as_bytes());
                let heard = wait_until_heard(&mut connection, &heard);
                told.lock().unwrap().heard = Some(heard);
                changed.notify_all();
                let _ = connection.read_to_end(&mut Vec::new());
                return;
            }
            let seen = changed
                .wait_while(seen, |seen| seen.heard.is_none())
                .unwrap();
            drop(seen);
            let _ = connection.write_all(&answer);
        });
        Self {
            server,
            seen,
            pause,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn heard(&self) -> Option<Heard> {
        self.seen.lock().unwrap().heard
    }

    /// How many requests came after it had asked to be left alone, and before that was over.
    pub(crate) fn requests_during_the_pause(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let asked = seen.asked.unwrap();
        let during = |at: &&Instant| **at > asked && **at < asked + self.pause;
        seen.requests.iter().filter(during).count()
    }
}

/// Until the client keeps away; and whether it still held its connection then.
fn wait_until_heard(connection: &mut TcpStream, heard: impl Fn() -> bool) -> Heard {
    let look = Duration::from_millis(1);
    connection.set_read_timeout(Some(look)).unwrap();
    let mut closed = false;
    let deadline = Instant::now() + super::WATCHDOG;
    loop {
        closed = closed || connection.read(&mut [0]).is_ok_and(|read| read == 0);
        match (heard(), closed) {
            (true, false) => break Heard::AtOnce,
            (true, true) => break Heard::Late,
            (false, _) if Instant::now() > deadline => break Heard::Late,
            (false, _) => thread::sleep(look),
        }
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
