//! A server that requests a pause with `Retry-After`, and records whether the client keeps it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::raw::{RawServer, read_head};

/// A server that refuses one of its first requests with a 503, a `Retry-After` and a body that never ends.
///
/// It waits for the first `concurrent` requests and refuses the last of them. It answers all others, but only once the
/// client has begun the pause.
pub(crate) struct PausingServer {
    server: RawServer,
    seen: Arc<Mutex<Seen>>,
    pause: Duration,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Instant>,
    refused_at: Option<Instant>,
    pause_start: Option<PauseStart>,
}

/// When the client began the pause that the server had requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PauseStart {
    /// While it was still waiting for the body of the refusal.
    AfterHead,
    /// Only after it had given up the body.
    AfterBody,
}

impl PausingServer {
    /// Starts a server. `wait_for_pause` blocks until the client begins the pause.
    pub(crate) fn new(
        concurrent: usize,
        pause: Duration,
        answer: Vec<u8>,
        wait_for_pause: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let changed = Arc::new(Condvar::new());
        let shared = Arc::clone(&seen);
        let server = RawServer::start(move |mut connection| {
            read_head(&mut connection);
            let mut seen = shared.lock().unwrap();
            seen.requests.push(Instant::now());
            if seen.requests.len() == concurrent {
                seen.refused_at = Some(Instant::now());
                drop(seen);
                let refusal = format!(
                    "HTTP/1.1 503 No\r\nretry-after: {}\r\ncontent-length: 10\r\n\r\nno",
                    pause.as_secs()
                );
                let _ = connection.write_all(refusal.as_bytes());
                wait_for_pause();
                let start = match is_closed(&mut connection) {
                    false => PauseStart::AfterHead,
                    true => PauseStart::AfterBody,
                };
                shared.lock().unwrap().pause_start = Some(start);
                changed.notify_all();
                let _ = connection.read_to_end(&mut Vec::new());
                return;
            }
            let seen = changed
                .wait_while(seen, |seen| seen.pause_start.is_none())
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

    pub(crate) fn pause_start(&self) -> Option<PauseStart> {
        self.seen.lock().unwrap().pause_start
    }

    /// Returns the number of requests that arrived between the refusal and the end of the pause.
    pub(crate) fn requests_during_the_pause(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let refused_at = seen.refused_at.unwrap();
        let during = |at: &&Instant| **at > refused_at && **at < refused_at + self.pause;
        seen.requests.iter().filter(during).count()
    }
}

/// Returns whether the client has closed this connection by now. Discards what it has sent.
fn is_closed(connection: &mut TcpStream) -> bool {
    connection.set_nonblocking(true).unwrap();
    let closed = loop {
        match connection.read(&mut [0; 64]) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) => break error.kind() != ErrorKind::WouldBlock,
        }
    };
    connection.set_nonblocking(false).unwrap();
    closed
}
