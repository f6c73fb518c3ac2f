//! The stream of replies from a worker, which also ends when the worker has ended.
//!
//! The end of the socket alone does not show that: a task may have started a process that keeps the worker's end of the
//! socket open. So the process itself is watched as well, where the system can do that.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

/// The replies of a worker.
pub(super) struct Replies<'a> {
    socket: &'a UnixStream,
    pidfd: Option<&'a OwnedFd>,
}

impl<'a> Replies<'a> {
    pub(super) fn new(socket: &'a UnixStream, pidfd: Option<&'a OwnedFd>) -> Self {
        Self { socket, pidfd }
    }
}

impl Read for Replies<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(pidfd) = self.pidfd else {
            return self.socket.read(buffer);
        };
        wait_for_either(self.socket, pidfd)?;
        // A worker that has ended may have written before.
        match recv(self.socket, buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => Ok(length),
            Err(Errno::AGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

/// Waits until the socket is readable or the process has ended.
fn wait_for_either(socket: &UnixStream, pidfd: &OwnedFd) -> io::Result<()> {
    let mut watched = [
        PollFd::new(socket, PollFlags::IN),
        PollFd::new(pidfd, PollFlags::IN),
    ];
    loop {
        match poll(&mut watched, None) {
            Err(Errno::INTR) => {}
            polled => return Ok(polled.map(drop)?),
        }
    }
}
