//! The receiving half of a connection.
//!
//! It has its own buffer, and not a `BufReader`, because a worker must see in the middle of a task whether its parent has
//! cancelled the task: it then reads what has arrived without waiting, and keeps it.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::RecvFlags;

use crate::frame::{self, HEADER_BYTES, MAX_FRAME_BYTES};

/// Reads the frames that arrive at a socket.
///
/// ```
/// use std::io::Write;
/// use std::os::unix::net::UnixStream;
/// use multiprocessing::{Frame, Receiver};
///
/// let (mut here, there) = UnixStream::pair()?;
/// let mut frame = Frame::new();
/// frame.body().extend_from_slice(b"a request");
/// frame.finish(1)?;
/// here.write_all(frame.as_bytes())?;
/// drop(here);
///
/// let mut receiver = Receiver::new();
/// let mut body = Vec::new();
/// assert_eq!(receiver.receive(&there, &mut body)?, Some(1));
/// assert_eq!(body, b"a request");
/// assert_eq!(receiver.receive(&there, &mut body)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Receiver {
    buffer: Vec<u8>,
    /// The number of bytes at the start of the buffer that belong to frames already received.
    used: usize,
}

/// The number of bytes that one call to the system reads, unless more of the same frame are awaited.
const READ_BYTES: usize = 1 << 16;

/// The number of bytes by which the memory for a frame grows at least, as its bytes arrive.
const STEP_BYTES: usize = 1 << 20;

impl Receiver {
    /// Returns a receiver without any bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces `body` by that of the next frame. Blocks until it is complete. Returns its number, or `None` at the end
    /// of the stream.
    ///
    /// # Errors
    /// If the socket fails, or ends within a frame. Of the kind `InvalidData` if the length is that of no frame.
    pub fn receive(&mut self, socket: &UnixStream, body: &mut Vec<u8>) -> io::Result<Option<u64>> {
        self.receive_within(socket, body, None)
    }

    /// [`receive`](Self::receive) with a timeout for each part that arrives.
    pub(crate) fn receive_within(
        &mut self,
        socket: &UnixStream,
        body: &mut Vec<u8>,
        timeout: Option<Duration>,
    ) -> io::Result<Option<u64>> {
        frame::release(body);
        let mut header = [0; HEADER_BYTES];
        if !self.read_exact(socket, &mut header, timeout)? {
            return Ok(None);
        }
        let (length, number) = frame::read_header(header);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_FRAME_BYTES - HEADER_BYTES {
            let message = format!("a frame cannot have {length} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        // In steps, so that memory is allocated only for bytes that arrive.
        while body.len() < length {
            let filled = body.len();
            let step = (length - filled).min(STEP_BYTES.max(filled));
            body.resize(filled + step, 0);
            if !self.read_exact(socket, &mut body[filled..], timeout)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Some(number))
    }

    /// Reads exactly as many bytes as `target` has. Returns false if the stream ends before the first.
    ///
    /// # Errors
    /// If the socket fails, or ends after the first byte.
    pub(crate) fn read_exact(
        &mut self,
        socket: &UnixStream,
        target: &mut [u8],
        timeout: Option<Duration>,
    ) -> io::Result<bool> {
        let mut filled = 0;
        loop {
            let taken = self.unused().len().min(target.len() - filled);
            target[filled..filled + taken].copy_from_slice(&self.unused()[..taken]);
            self.used += taken;
            filled += taken;
            let left = target.len() - filled;
            if left == 0 {
                return Ok(true);
            }
            let read = if left >= READ_BYTES {
                // Not by way of the buffer, which would be one more copy.
                let rest = &mut target[filled..];
                let read = read_once(socket, timeout, || rustix::io::read(socket, &mut *rest))?;
                filled += read;
                read
            } else {
                self.make_room();
                let buffer = &mut self.buffer;
                read_once(socket, timeout, || {
                    rustix::io::read(socket, spare_capacity(buffer))
                })?
            };
            if read == 0 {
                return match filled {
                    0 => Ok(false),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Reads what has arrived, without waiting. Returns whether it contains a complete header with this number.
    pub(crate) fn has_arrived(&mut self, socket: &UnixStream, number: u64) -> bool {
        loop {
            self.make_room();
            let room = spare_capacity(&mut self.buffer);
            // At the end of the stream, and if the socket fails, the next call of `receive` notices.
            match rustix::net::recv(socket, room, RecvFlags::DONTWAIT) {
                Ok((_, 1..)) | Err(Errno::INTR) => {}
                Ok((_, 0)) | Err(_) => break,
            }
        }
        let mut rest = self.unused();
        while let Some((header, after)) = rest.split_first_chunk() {
            let (length, found) = frame::read_header(*header);
            if found == number {
                return true;
            }
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            rest = after.get(length..).unwrap_or_default();
        }
        false
    }

    fn unused(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    /// Makes room for at least one more byte.
    fn make_room(&mut self) {
        if self.used == self.buffer.len() {
            frame::release(&mut self.buffer);
            self.used = 0;
        }
        if self.buffer.len() == self.buffer.capacity() {
            self.buffer.drain(..self.used);
            self.used = 0;
            self.buffer.reserve(READ_BYTES);
        }
    }
}

/// Calls `read`, which reads what has arrived at the socket, and waits if that is nothing. Returns the number of bytes, 0
/// at the end of the stream.
///
/// # Errors
/// If the socket fails. Of the kind `TimedOut` after the timeout.
fn read_once(
    socket: &UnixStream,
    timeout: Option<Duration>,
    mut read: impl FnMut() -> rustix::io::Result<usize>,
) -> io::Result<usize> {
    if let Some(timeout) = timeout {
        await_bytes(socket, timeout)?;
    }
    loop {
        match read() {
            Err(Errno::INTR) => {}
            read => return Ok(read?),
        }
    }
}

/// Waits until there is something to read.
///
/// # Errors
/// Of the kind `TimedOut` after the timeout.
fn await_bytes(socket: &UnixStream, timeout: Duration) -> io::Result<()> {
    let mut watched = [PollFd::new(socket, PollFlags::IN)];
    let mut left = timeout;
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
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The longest single wait. When both processes have been stopped and are continued, this much of the timeout may have
/// passed, but not all of it.
const LONGEST_STEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use super::*;
    use crate::frame::Frame;

    fn frame(number: u64, body: &[u8]) -> Vec<u8> {
        let mut frame = Frame::new();
        frame.body().extend_from_slice(body);
        frame.finish(number).unwrap();
        frame.into_bytes()
    }

    /// Returns the end of a connection at which these bytes arrive, and then its end.
    fn arriving(bytes: Vec<u8>) -> UnixStream {
        let (mut here, there) = UnixStream::pair().unwrap();
        thread::spawn(move || here.write_all(&bytes));
        there
    }

    #[test]
    fn frames_of_any_size_are_received_one_by_one_until_the_end_of_the_stream() {
        let sizes = [
            0,
            1,
            READ_BYTES - HEADER_BYTES,
            READ_BYTES,
            3 * STEP_BYTES + 7,
            5,
        ];
        let bodies = sizes.map(|size| (0..size).map(|n| n as u8).collect::<Vec<_>>());
        let frames = (0..).zip(&bodies).map(|(number, body)| frame(number, body));
        let socket = arriving(frames.collect::<Vec<_>>().concat());
        let (mut receiver, mut body) = (Receiver::new(), Vec::new());
        for (number, expected) in (0..).zip(&bodies) {
            let received = receiver.receive(&socket, &mut body).unwrap();
            assert_eq!(received, Some(number));
            assert!(&body == expected, "{} bytes", expected.len());
        }
        assert_eq!(receiver.receive(&socket, &mut body).unwrap(), None);
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_an_error() {
        let whole = frame(1, b"one");
        for end in 1..whole.len() {
            let socket = arriving(whole[..end].to_vec());
            let received = Receiver::new().receive(&socket, &mut Vec::new());
            let error = received.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{end} bytes");
        }
    }

    #[test]
    fn the_length_of_no_frame_is_refused_and_takes_no_memory() {
        let mut huge = frame(1, b"one");
        huge[..4].fill(0xff);
        let mut body = Vec::new();
        let received = Receiver::new().receive(&arriving(huge), &mut body);
        assert_eq!(received.unwrap_err().kind(), io::ErrorKind::InvalidData);
        // Allowed, but it does not arrive.
        let mut long = frame(1, b"one");
        long[..4].copy_from_slice(&(1_u32 << 29).to_le_bytes());
        let received = Receiver::new().receive(&arriving(long), &mut body);
        assert_eq!(received.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(body.capacity() <= STEP_BYTES);
    }

    #[test]
    fn the_memory_of_a_huge_frame_is_released_with_the_next() {
        let socket = arriving([frame(1, &vec![7; 8 << 20]), frame(2, b"two")].concat());
        let (mut receiver, mut body) = (Receiver::new(), Vec::new());
        receiver.receive(&socket, &mut body).unwrap();
        assert!(body.capacity() >= 8 << 20);
        receiver.receive(&socket, &mut body).unwrap();
        assert!(body.capacity() <= 1 << 20);
        assert!(receiver.buffer.capacity() <= 1 << 20);
    }

    #[test]
    fn a_frame_that_has_arrived_is_found_behind_others_and_still_received() {
        let (mut here, there) = UnixStream::pair().unwrap();
        let mut receiver = Receiver::new();
        assert!(!receiver.has_arrived(&there, 9));
        let long = vec![1; 100_000];
        here.write_all(&frame(1, &long)).unwrap();
        here.write_all(&frame(2, b"two")).unwrap();
        let last = frame(9, b"");
        here.write_all(&last[..5]).unwrap();
        assert!(!receiver.has_arrived(&there, 9));
        here.write_all(&last[5..]).unwrap();
        assert!(receiver.has_arrived(&there, 9));
        assert!(receiver.has_arrived(&there, 2) && !receiver.has_arrived(&there, 3));
        let mut body = Vec::new();
        for (number, expected) in [(1, &long[..]), (2, b"two"), (9, b"")] {
            let received = receiver.receive(&there, &mut body).unwrap();
            assert_eq!((received, &body[..]), (Some(number), expected));
        }
    }
}
