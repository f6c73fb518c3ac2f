//! A line per request on standard error, for those who watch.
//!
//! Whoever watches may stop reading (a pager, Ctrl-S, a test that captures and forgets), and then writing blocks: so lines
//! are written by a thread of their own, and what it cannot take any more is left out. No request waits for a reader.

use std::io::{self, Write as _};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Instant, SystemTime};

/// As many lines may wait for the reader.
const WAITING: usize = 10_000;

/// Where entries go.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog(SyncSender<String>);

impl AccessLog {
    /// A log that writes to standard error for as long as a clone of this lives.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, lines) = sync_channel::<String>(WAITING);
        let write = move || {
            for line in lines {
                // Where standard error is closed nobody watches.
                let _ = io::stderr().write_all(line.as_bytes());
            }
        };
        // Not waited for at the end: it may be waiting for a reader that never comes.
        thread::Builder::new()
            .name("access log".to_owned())
            .spawn(write)?;
        Ok(Self(sender))
    }

    /// An entry for a request that begins now, about a code or about another path.
    pub(crate) fn begin(&self, server: &str, what: &str) -> Entry {
        Entry {
            log: self.clone(),
            server: server.to_owned(),
            what: what.to_owned(),
            faults: Vec::new(),
            status: None,
            bytes: 0,
            begun: Instant::now(),
        }
    }
}

/// What is said of one request; said when dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    log: AccessLog,
    server: String,
    what: String,
    pub(crate) faults: Vec<&'static str>,
    /// None where nothing was sent that has a status.
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    begun: Instant,
}

impl Drop for Entry {
    /// Time, server, code or path, faults, status, bytes and milliseconds, separated by blanks; `-` for what there is none
    /// of.
    fn drop(&mut self) {
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        let Self {
            server,
            what,
            faults,
            status,
            bytes,
            begun,
            ..
        } = self;
        let faults = if faults.is_empty() {
            "-".to_owned()
        } else {
            faults.join("+")
        };
        let status = status.map_or("-".to_owned(), |status| status.to_string());
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let line = format!("{time} {server} {what} {faults} {status} {bytes} {milliseconds:.1}\n");
        let _ = self.log.0.try_send(line);
    }
}
