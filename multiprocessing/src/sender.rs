//! The sending half of a connection.

use std::os::unix::net::UnixStream;

use rustix::net::SendFlags;

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
    #[cfg(not(target_vendor = "apple"))]
    let no_signal = SendFlags::NOSIGNAL;
    // On Apple systems this is an option of the socket, which is set already.
    #[cfg(target_vendor = "apple")]
    let no_signal = SendFlags::empty();
    rustix::net::send(socket, bytes, SendFlags::DONTWAIT | no_signal).unwrap_or(0)
}
