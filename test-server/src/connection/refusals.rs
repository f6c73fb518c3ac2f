//! A line on standard error when the system refuses connections, such as when the process has no descriptor left.

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::limits;

/// The shortest time between two lines of a server.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Reports refused connections, at most once a minute for all listeners of a server.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// Whether to report at all: a program that embeds the server may use standard error for its own output.
    reports: bool,
    last: Mutex<Option<Instant>>,
}

impl Refusals {
    pub(crate) fn new(reports: bool) -> Self {
        Self {
            reports,
            last: Mutex::default(),
        }
    }

    /// Writes a line about this error of a listener, unless another one was written recently.
    pub(crate) fn report(&self, server: &str, error: &io::Error) {
        if !self.is_due() {
            return;
        }
        let limit = limits::raise_descriptor_limit();
        let hint = limit
            .map(|limit| format!("; at most {limit} open files are allowed (see `ulimit -n`)"));
        let hint = hint.unwrap_or_default();
        print(format!(
            "test-server: {server} cannot accept connections, which wait: {error}{hint}"
        ));
    }

    /// Writes a line about a server that cannot be reached, unless another one was written recently.
    #[cfg(feature = "tcp")]
    pub(crate) fn report_upstream(&self, server: &str, upstream: &str, error: &io::Error) {
        if self.is_due() {
            print(format!(
                "test-server: {server} has no connection to {upstream}: {error}"
            ));
        }
    }

    /// Returns whether a line may be written now, and if so, counts it as written.
    fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = last.is_some_and(|last| last.elapsed() < REPORT_INTERVAL);
        if !self.reports || is_recent {
            return false;
        }
        *last = Some(Instant::now());
        true
    }
}

/// Prints a line on standard error, in a thread of its own: a pipe that is not read would hold up all connections. If the line cannot
/// be written, there is no other place to report that.
fn print(line: String) {
    let _ = thread::Builder::new().spawn(move || {
        let _ = writeln!(io::stderr(), "{line}");
    });
}
