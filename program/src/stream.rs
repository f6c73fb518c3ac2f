//! Standard output and standard error, also if another program made them non-blocking.
//!
//! The flag O_NONBLOCK belongs to the pipe or terminal and not to a process, so any program that shares it can set it: a
//! shell job, `ssh`, a parent written with an event loop. A write then fails as soon as the reader is slower, and what is
//! written would be cut, for a pipe often after 4,096 bytes. These streams wait until they are writable.

use std::io::{self, Write};

/// A standard stream. Writes are not buffered.
#[derive(Debug, Clone, Copy)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

#[cfg(unix)]
impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::io::Errno;

        let stream = match self {
            Self::Output => rustix::stdio::stdout(),
            Self::Error => rustix::stdio::stderr(),
        };
        loop {
            match rustix::io::write(stream, bytes) {
                Err(Errno::AGAIN) => {}
                written => return Ok(written?),
            }
            // Also ends if the reader has gone. The next write says so.
            match poll(&mut [PollFd::new(&stream, PollFlags::OUT)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Output => io::stdout().write(bytes),
            Self::Error => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output => io::stdout().flush(),
            Self::Error => io::stderr().flush(),
        }
    }
}
