//! The sending half of a connection.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::attachments::MAX_ATTACHMENTS;

/// Sends as many of these bytes as the socket accepts without blocking. Returns their number, 0 if that fails: then the
/// other process has ended, which the receiving half notices, or its buffer is full.
///
/// ```
/// use std::os::unix::net::UnixStream;
///
/// let (here, there) = UnixStream::pair()?;
/// assert_eq!(multiprocessing::send_without_waiting(&here, b"a request"), 9);
/// drop(there);
/// assert_eq!(multiprocessing::send_without_waiting(&here, b"another"), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn send_without_waiting(socket: &UnixStream, bytes: &[u8]) -> usize {
    rustix::net::send(socket, bytes, SendFlags::DONTWAIT | NO_SIGNAL).unwrap_or(0)
}

/// Sends bytes with descriptors, which arrive no later than the first byte. Blocks until the socket has accepted all.
///
/// # Errors
/// If the socket fails. Of the kind `BrokenPipe` if the other end is closed, `InvalidInput` for more descriptors than the
/// system passes at a time.
pub(crate) fn send_with(
    socket: &UnixStream,
    bytes: &[u8],
    descriptors: &[OwnedFd],
) -> io::Result<()> {
    if descriptors.is_empty() {
        return send_all(socket, bytes);
    }
    if descriptors.len() > MAX_ATTACHMENTS {
        let message = format!("at most {MAX_ATTACHMENTS} pipe ends can be sent at a time");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_ATTACHMENTS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
    // There is room for as many.
    let _ = ancillary.push(SendAncillaryMessage::ScmRights(&borrowed));
    let sent = loop {
        match sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, NO_SIGNAL) {
            Err(Errno::INTR) => {}
            sent => break sent?,
        }
    };
    send_all(socket, &bytes[sent..])
}

/// Sends bytes. Blocks until the socket has accepted all.
///
/// # Errors
/// If the socket fails. Of the kind `BrokenPipe` if the other end is closed: there is no signal, which would end programs
/// that do not ignore it.
pub(crate) fn send_all(socket: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::net::send(socket, bytes, NO_SIGNAL) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;

/// On Apple systems this is an option of the socket, which is set already.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();
