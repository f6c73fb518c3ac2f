//! A line per request on standard error.
//!
//! The reader may stop reading (a pager, Ctrl-S, a test that captures the output and never reads it), and then writing
//! blocks. So a separate thread writes the lines, and lines beyond its queue are dropped. No request waits for the
//! reader.

use std::io::{self, Write as _};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Instant, SystemTime};

use safe_text::{shown_time, visible};

/// The most lines that wait for the reader.
const QUEUE_LENGTH: usize = 10_000;

/// A handle to the thread that writes the log.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog(SyncSender<String>);

impl AccessLog {
    /// Starts a log that writes to standard error while a clone of this handle lives.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, lines) = sync_channel::<String>(QUEUE_LENGTH);
        let write = move || {
            for line in lines {
                // If standard error is closed, the log has no reader.
                let _ = io::stderr().write_all(line.as_bytes());
            }
        };
        // Never joined: it may block on a reader that never reads.
        thread::Builder::new()
            .name("access log".to_owned())
            .spawn(write)?;
        Ok(Self(sender))
    }

    /// Creates the entry of a request that starts now. `target` is a code or another path.
    pub(crate) fn begin(&self, server: &str, target: &str) -> Entry {
        Entry {
            log: self.clone(),
            server: server.to_owned(),
            target: visible(target),
            faults: Vec::new(),
            status: None,
            bytes: 0,
            started: Instant::now(),
        }
    }
}

/// The log entry of one request, written when dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    log: AccessLog,
    server: String,
    target: String,
    pub(crate) faults: Vec<&'static str>,
    /// The status, or `None` if the response has none.
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    started: Instant,
}

impl Drop for Entry {
    /// Writes time, server, code or path, faults, status, bytes and milliseconds, separated by blanks. A missing value
    /// is written as `-`.
    fn drop(&mut self) {
        let time = shown_time(SystemTime::now());
        let Self {
            server,
            target,
            faults,
            status,
            bytes,
            started,
            ..
        } = self;
        let faults = if faults.is_empty() {
            "-".to_owned()
        } else {
            faults.join("+")
        };
        let status = status.map_or("-".to_owned(), |status| status.to_string());
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let line =
            format!("{time} {server} {target} {faults} {status} {bytes} {milliseconds:.1}\n");
        let _ = self.log.0.try_send(line);
    }
}
