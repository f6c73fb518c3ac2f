//! Reads from a socket and waits for it. Continues after signals.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};

use super::attachments::MAX_ATTACHMENTS;

/// The longest single wait. When both processes have been stopped and are continued, this much of the timeout may have
/// passed, but not all of it.
const LONGEST_STEP: Duration = Duration::from_secs(1);

/// Reads what has arrived, and waits if that is nothing, unless `flags` say otherwise. Returns the number of bytes, 0 at the
/// end of the stream.
///
/// Descriptors that come with the bytes are added to `descriptors`, those of each frame together. Without it, the system
/// closes them.
pub(super) fn read_once(
    socket: &UnixStream,
    room: &mut [u8],
    flags: RecvFlags,
    mut descriptors: Option<&mut VecDeque<Vec<OwnedFd>>>,
) -> io::Result<usize> {
    loop {
        let read = match &mut descriptors {
            Some(descriptors) => receive_descriptors(socket, room, flags, descriptors),
            None if flags.is_empty() => rustix::io::read(socket, &mut *room),
            None => rustix::net::recv(socket, &mut *room, flags).map(|(read, _)| read),
        };
        match read {
            Err(Errno::INTR) => {}
            read => return Ok(read?),
        }
    }
}

/// Receives bytes, and queues the descriptors that come with them.
fn receive_descriptors(
    socket: &UnixStream,
    room: &mut [u8],
    flags: RecvFlags,
    descriptors: &mut VecDeque<Vec<OwnedFd>>,
) -> rustix::io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_ATTACHMENTS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    // Not inherited by programs that a task starts.
    #[cfg(not(target_vendor = "apple"))]
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(socket, &mut [IoSliceMut::new(room)], &mut ancillary, flags)?;
    let mut batch = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            batch.extend(received);
        }
    }
    // The system passes the descriptors of one frame at a time. If it has to leave some out, the frame still has a batch.
    if !batch.is_empty() || received.flags.contains(ReturnFlags::CTRUNC) {
        descriptors.push_back(batch);
    }
    Ok(received.bytes)
}

/// Waits until there is something to read.
///
/// # Errors
/// Of the kind `TimedOut` after the timeout.
pub(super) fn await_bytes(socket: &UnixStream, timeout: Duration) -> io::Result<()> {
    let mut watched = [PollFd::new(socket, PollFlags::IN)];
    let mut left = timeout;
    loop {
        let step = left.min(LONGEST_STEP);
        let start = Instant::now();
        let ready = poll(&mut watched, Timespec::try_from(step).ok().as_ref());
        match ready {
            Ok(0) => left -= step,
            // A signal that comes again and again must not prolong the wait.
            Err(Errno::INTR) => left -= start.elapsed().min(step),
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}
