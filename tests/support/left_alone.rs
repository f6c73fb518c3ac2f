//! A server that asks for a pause, and sees who keeps it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::raw::{RawServer, read_head};
use super::{POLL, WATCHDOG};

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
    connection.set_read_timeout(Some(POLL)).unwrap();
    let mut closed = false;
    let deadline = Instant::now() + WATCHDOG;
    loop {
        closed = closed || connection.read(&mut [0]).is_ok_and(|read| read == 0);
        match (heard(), closed) {
            (true, false) => break Heard::AtOnce,
            (true, true) => break Heard::Late,
            (false, _) if Instant::now() > deadline => break Heard::Late,
            (false, _) => thread::sleep(POLL),
        }
    }
}
