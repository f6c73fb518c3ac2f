//! A stream that can be stopped while it waits for bytes, as `tail -f log | findrobots -` does.

use std::io::{self, Read};

use tokio_util::sync::CancellationToken;

/// Ends the stream early when `stop` is cancelled.
#[derive(Debug)]
pub(super) struct Interruptible<'s, R> {
    inner: R,
    stop: &'s CancellationToken,
}

impl<'s, R> Interruptible<'s, R> {
    /// Returns the stream.
    pub(super) fn new(inner: R, stop: &'s CancellationToken) -> Self {
        Self { inner, stop }
    }
}

#[cfg(unix)]
impl<R: Read + std::os::fd::AsFd> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        // How long a stop may take to be noticed. Waiting for both would need a pipe that the stop writes to.
        let tick = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        while !self.stop.is_cancelled() {
            let mut waiting = [PollFd::new(&self.inner, PollFlags::IN)];
            match poll(&mut waiting, Some(&tick)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => match self.inner.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read,
                },
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
    }
}

#[cfg(not(unix))]
impl<R: Read> Read for Interruptible<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Ok(0);
        }
        self.inner.read(buffer)
    }
}
