//! The announcement of a worker, by which another program is recognised, also if that never ends.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::worker::WORKER_ARGUMENT;

/// The reason why a process is not treated as a worker.
pub(super) enum Refusal {
    /// It ended, or closed its socket, before it had announced itself.
    Ended,
    /// It did not announce itself in time.
    Silent,
    /// It announced itself as something else. Holds the text.
    Other(String),
}

/// Reads the announcement of a worker, which comes before all replies. `timeout` applies to each part of it.
pub(super) fn await_worker(socket: &UnixStream, timeout: Duration) -> Result<(), Refusal> {
    let mut announcement = [0; WORKER_ARGUMENT.len()];
    match (Patient { socket, timeout }).read_exact(&mut announcement) {
        Ok(()) if announcement == WORKER_ARGUMENT.as_bytes() => Ok(()),
        Ok(()) => {
            let text = String::from_utf8_lossy(&announcement).into_owned();
            Err(Refusal::Other(text))
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Refusal::Silent),
        Err(_) => Err(Refusal::Ended),
    }
}

/// A socket whose reads fail after a timeout.
struct Patient<'a> {
    socket: &'a UnixStream,
    timeout: Duration,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut watched = [PollFd::new(self.socket, PollFlags::IN)];
        let mut left = self.timeout;
        loop {
            let step = left.min(LONGEST_STEP);
            match poll(&mut watched, Timespec::try_from(step).ok().as_ref()) {
                Err(Errno::INTR) => {}
                Ok(0) => {
                    left -= step;
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Ok(_) => return self.socket.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The longest single wait. When both processes have been stopped and are continued, this much of the timeout may have
/// passed, but not all of it.
const LONGEST_STEP: Duration = Duration::from_secs(1);
