//! Writes to standard output and standard error, and handles streams that are closed or full.

use std::io::{self, Write};

use safe_text::visible;
use tokio_util::sync::CancellationToken;

use crate::stream::Stream;

/// Standard output. The first failed write stops the run, because its results could no longer be printed. Nothing more
/// is written after that.
#[derive(Debug)]
pub struct Output<W> {
    writer: W,
    failed: Option<io::ErrorKind>,
    stop: CancellationToken,
}

impl Output<Stream> {
    /// Returns standard output, which cancels `stop` when a write fails.
    pub fn standard(stop: CancellationToken) -> Self {
        Self::new(Stream::Output, stop)
    }
}

impl<W: Write> Output<W> {
    /// Returns an output that writes to `writer` and cancels `stop` when a write fails.
    pub fn new(writer: W, stop: CancellationToken) -> Self {
        Self {
            writer,
            failed: None,
            stop,
        }
    }

    /// Writes the text and flushes it. Does nothing after a failed write.
    pub fn print(&mut self, text: &str) {
        self.write(text.as_bytes());
    }

    /// Writes the bytes and flushes them. Does nothing after a failed write.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let written = self
            .writer
            .write_all(bytes)
            .and_then(|()| self.writer.flush());
        if let Err(error) = written {
            self.failed = Some(error.kind());
            self.stop.cancel();
            // A closed pipe is not reported: the reader closed it on purpose. A full disk is unexpected.
            if error.kind() != io::ErrorKind::BrokenPipe {
                print_error(&format!("cannot write to standard output: {error}"));
            }
        }
    }

    /// Returns the error of the first failed write.
    pub fn failed(&self) -> Option<io::ErrorKind> {
        self.failed
    }
}

/// Writes to standard error and ignores failure: there is no other place to report it.
pub fn print_stderr(text: &str) {
    // Held meanwhile, so that no other line gets into this one.
    let _lock = io::stderr().lock();
    let _ = Stream::Error.write_all(text.as_bytes());
}

/// Writes the line of an error to standard error, with everything escaped that could control the
/// terminal.
pub fn print_error(message: &str) {
    print_stderr(&format!("*** Error: {}\n", visible(message)));
}
