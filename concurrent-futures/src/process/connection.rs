//! The stream of replies from a worker, which also ends when the worker has ended.
//!
//! The end of the socket alone does not show that: a task may have started a process that keeps the worker's end of the
//! socket open. So the process itself is watched as well, where the system can do that.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::worker::WORKER_ARGUMENT;

/// The replies of a worker.
pub(super) struct Replies<'a> {
    socket: &'a UnixStream,
    pidfd: Option<&'a OwnedFd>,
    /// How long one read waits. `None` means for ever.
    timeout: Option<Duration>,
}

/// The reason why a process is not treated as a worker.
pub(super) enum Refusal {
    /// It ended, or closed its socket, before it had announced itself.
    Ended,
    /// It did not announce itself in time.
    Silent,
    /// It announced itself as something else. Holds the text.
    Other(String),
}

impl<'a> Replies<'a> {
    pub(super) fn new(socket: &'a UnixStream, pidfd: Option<&'a OwnedFd>) -> Self {
        Self {
            socket,
            pidfd,
            timeout: None,
        }
    }

    /// Reads the announcement of the worker, which comes before all replies. So another program is recognised, also if
    /// it never ends.
    pub(super) fn await_worker(&mut self, timeout: Duration) -> Result<(), Refusal> {
        let mut announcement = [0; WORKER_ARGUMENT.len()];
        self.timeout = Some(timeout);
        let read = self.read_exact(&mut announcement);
        self.timeout = None;
        match read {
            Ok(()) if announcement == WORKER_ARGUMENT.as_bytes() => Ok(()),
            Ok(()) => Err(Refusal::Other(
                String::from_utf8_lossy(&announcement).into_owned(),
            )),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Refusal::Silent),
            Err(_) => Err(Refusal::Ended),
        }
    }

    /// Waits until the socket is readable or the process has ended.
    fn wait(&self) -> io::Result<()> {
        let socket = || PollFd::new(self.socket, PollFlags::IN);
        let process = |pidfd| PollFd::new(pidfd, PollFlags::IN);
        let mut watched = [socket(), self.pidfd.map_or_else(socket, process)];
        let mut left = self.timeout;
        loop {
            let step = left.map(|left| left.min(LONGEST_STEP));
            let timespec = step.and_then(|step| Timespec::try_from(step).ok());
            match poll(&mut watched, timespec.as_ref()) {
                Err(Errno::INTR) => {}
                Ok(0) => {
                    left = left.zip(step).map(|(left, step)| left - step);
                    if left == Some(Duration::ZERO) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                polled => return Ok(polled.map(drop)?),
            }
        }
    }
}

/// How long is waited at once if there is a timeout. When both processes have been stopped and are continued, this much
/// of the timeout may have passed, but not all of it.
const LONGEST_STEP: Duration = Duration::from_secs(1);

impl Read for Replies<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pidfd.is_none() && self.timeout.is_none() {
            return self.socket.read(buffer);
        }
        self.wait()?;
        // A worker that has ended may have written before.
        match recv(self.socket, buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => Ok(length),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}
