//! The two streams a run prints to, and what comes of it when one of them is closed or full.

use std::io::{self, Write};

use tokio_util::sync::CancellationToken;

/// Standard output. Once a write fails nothing more is written, and the run is stopped: nobody would learn of the rest.
#[derive(Debug)]
pub(crate) struct Output<W> {
    to: W,
    failed: Option<io::ErrorKind>,
    stop: CancellationToken,
}

impl<W: Write> Output<W> {
    /// Writes to `to`, and cancels `stop` when that fails.
    pub(crate) fn new(to: W, stop: CancellationToken) -> Self {
        Self {
            to,
            failed: None,
            stop,
        }
    }

    /// Writes this text, at once.
    pub(crate) fn print(&mut self, text: &str) {
        if self.failed.is_some() {
            return;
        }
        let written = self
            .to
            .write_all(text.as_bytes())
            .and_then(|()| self.to.flush());
        if let Err(error) = written {
            self.failed = Some(error.kind());
            self.stop.cancel();
            // Whoever closed the pipe knows; a full disk is news.
            if error.kind() != io::ErrorKind::BrokenPipe {
                complain(&format!(
                    "*** Error: cannot write to standard output: {error}\n"
                ));
            }
        }
    }

    /// The error of the first write that failed.
    pub(crate) fn failed(&self) -> Option<io::ErrorKind> {
        self.failed
    }
}

/// On standard error. If that is closed or full there is nobody left to tell.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
