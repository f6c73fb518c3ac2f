//! A line per request on standard error, for those who watch.

use std::io::{self, Write as _};
use std::time::{Instant, SystemTime};

/// What is said of one request when it has been answered.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) server: String,
    pub(crate) code: String,
    pub(crate) faults: Vec<&'static str>,
    /// None where bytes were sent that are no response.
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    begun: Instant,
}

impl Entry {
    pub(crate) fn begin(server: &str, code: &str) -> Self {
        let (server, code) = (server.to_owned(), code.to_owned());
        Self {
            server,
            code,
            faults: Vec::new(),
            status: None,
            bytes: 0,
            begun: Instant::now(),
        }
    }

    /// Time, server, code, faults, status, bytes and milliseconds, separated by blanks; `-` for what there is none of.
    pub(crate) fn write(&self) {
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        let Self {
            server,
            code,
            faults,
            status,
            bytes,
            begun,
        } = self;
        let faults = if faults.is_empty() {
            "-".to_owned()
        } else {
            faults.join("+")
        };
        let status = status.map_or("-".to_owned(), |status| status.to_string());
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let line = format!("{time} {server} {code} {faults} {status} {bytes} {milliseconds:.1}\n");
        // Where standard error is closed nobody watches.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}
