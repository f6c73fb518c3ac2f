//! The receiving half of a connection.
//!
//! It has its own buffer, and not a `BufReader`, because a worker must see in the middle of a task whether its parent has
//! cancelled the task: it then reads what has arrived without waiting, and keeps it.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::frame::{self, HEADER_BYTES};
use super::socket::{await_bytes, read_once};

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
    /// Bytes that have arrived, from `start` to `end`. The rest is room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Descriptors that have arrived and not been taken, those of each frame together. `None` if they are not expected: the
    /// system then closes them.
    descriptors: Option<VecDeque<Vec<OwnedFd>>>,
}

/// The number of bytes that one call to the system reads, unless more of the same frame are awaited.
const READ_BYTES: usize = 1 << 17;

/// The number of bytes behind which a frame is not looked for.
const MAX_LOOKAHEAD_BYTES: usize = 1 << 24;

/// The number of bytes by which the memory for a frame grows at least, as its bytes arrive.
const STEP_BYTES: usize = 1 << 20;

impl Receiver {
    /// Returns a receiver without any bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a receiver that accepts descriptors, beginning with the bytes and the descriptors that another has left.
    pub(crate) fn with_descriptors(bytes: Vec<u8>, descriptors: Vec<Vec<OwnedFd>>) -> Self {
        Self {
            start: 0,
            end: bytes.len(),
            buffer: bytes,
            descriptors: Some(descriptors.into()),
        }
    }

    /// Returns the bytes and the descriptors that have been received and not used, for another receiver.
    pub(crate) fn into_rest(self) -> (Vec<u8>, Vec<Vec<OwnedFd>>) {
        let descriptors = self.descriptors.unwrap_or_default();
        (
            self.buffer[self.start..self.end].to_vec(),
            descriptors.into(),
        )
    }

    /// Takes the descriptors of the frame that was received last, which has `count` of them.
    ///
    /// # Errors
    /// If not all of them arrived, because this process had no room for more descriptors.
    pub(crate) fn take_descriptors(&mut self, count: u64) -> io::Result<Vec<OwnedFd>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let batches = self.descriptors.as_mut();
        let batch = batches.and_then(VecDeque::pop_front).unwrap_or_default();
        if u64::try_from(batch.len()) == Ok(count) {
            Ok(batch)
        } else {
            Err(Errno::MFILE.into())
        }
    }

    /// Returns whether something can be received now, or within the timeout: bytes, or the end of the stream.
    ///
    /// # Errors
    /// If the socket fails.
    pub(crate) fn poll(&self, socket: &UnixStream, timeout: Duration) -> io::Result<bool> {
        if self.start < self.end {
            return Ok(true);
        }
        match await_bytes(socket, timeout) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Replaces `body` by that of the next frame. Blocks until it is complete. Returns its number, or `None` at the end
    /// of the stream.
    ///
    /// # Errors
    /// If the socket fails, or ends within a frame. Of the kind `InvalidData` if the length is larger than a
    /// frame may be.
    pub fn receive(&mut self, socket: &UnixStream, body: &mut Vec<u8>) -> io::Result<Option<u64>> {
        self.receive_within(socket, body, None)
    }

    /// Replaces `body` by that of the next frame, which must have the number `due`. Blocks until it is complete. Returns
    /// false at the end of the stream.
    ///
    /// A frame of another number is refused as soon as its header has arrived. It may be a text that a task has written to
    /// the wrong descriptor: the start of one looks like the length of a long frame, the rest of which never comes.
    ///
    /// ```
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    /// use multiprocessing::Receiver;
    ///
    /// let (mut here, there) = UnixStream::pair()?;
    /// here.write_all(b"pid 1234 started")?;
    /// let error = Receiver::new().receive_reply(&there, &mut Vec::new(), 1).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`receive`](Self::receive). Of the kind `InvalidData` also if the frame has another number.
    pub fn receive_reply(
        &mut self,
        socket: &UnixStream,
        body: &mut Vec<u8>,
        due: u64,
    ) -> io::Result<bool> {
        frame::release(body);
        let Some((length, number)) = self.read_header(socket, None)? else {
            return Ok(false);
        };
        if number != due {
            let message = format!("reply {number} came where reply {due} was due");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.read_body(socket, body, length, None)?;
        Ok(true)
    }

    /// [`receive`](Self::receive) with a timeout for each part that arrives.
    pub(crate) fn receive_within(
        &mut self,
        socket: &UnixStream,
        body: &mut Vec<u8>,
        timeout: Option<Duration>,
    ) -> io::Result<Option<u64>> {
        frame::release(body);
        let Some((length, number)) = self.read_header(socket, timeout)? else {
            return Ok(None);
        };
        self.read_body(socket, body, length, timeout)?;
        Ok(Some(number))
    }

    /// Reads a header. Returns the length of the body and the number of the frame, or `None` at the end of the stream.
    fn read_header(
        &mut self,
        socket: &UnixStream,
        timeout: Option<Duration>,
    ) -> io::Result<Option<(usize, u64)>> {
        let mut header = [0; HEADER_BYTES];
        if !self.read_exact(socket, &mut header, timeout)? {
            return Ok(None);
        }
        frame::read_header(header).map(Some)
    }

    /// Appends this many bytes to `body`.
    fn read_body(
        &mut self,
        socket: &UnixStream,
        body: &mut Vec<u8>,
        length: usize,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let buffered = (self.end - self.start).min(length);
        body.extend_from_slice(&self.unused()[..buffered]);
        self.start += buffered;
        // In steps, so that memory is allocated only for bytes that arrive.
        while body.len() < length {
            let filled = body.len();
            body.resize(length.min(STEP_BYTES.max(2 * filled)), 0);
            if !self.read_exact(socket, &mut body[filled..], timeout)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
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
            let taken = (self.end - self.start).min(target.len() - filled);
            target[filled..filled + taken].copy_from_slice(&self.unused()[..taken]);
            self.start += taken;
            filled += taken;
            let left = target.len() - filled;
            if left == 0 {
                return Ok(true);
            }
            if let Some(timeout) = timeout {
                await_bytes(socket, timeout)?;
            }
            let read = if left >= READ_BYTES {
                // Not by way of the buffer, which would be one more copy. Descriptors come with the header, not here.
                let read = read_once(socket, &mut target[filled..], RecvFlags::empty(), None)?;
                filled += read;
                read
            } else {
                self.fill(socket, RecvFlags::empty())?
            };
            if read == 0 {
                return match filled {
                    0 => Ok(false),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Reads what has arrived, without waiting, up to 16 MiB. Returns whether it contains a complete header with this number.
    pub(crate) fn has_arrived(&mut self, socket: &UnixStream, number: u64) -> bool {
        // At the end of the stream, and if the socket fails, the next call of `receive` notices.
        while self.end - self.start < MAX_LOOKAHEAD_BYTES
            && self
                .fill(socket, RecvFlags::DONTWAIT)
                .is_ok_and(|read| read > 0)
        {}
        let mut rest = self.unused();
        while let Some((header, after)) = rest.split_first_chunk() {
            let Ok((length, found)) = frame::read_header(*header) else {
                return false;
            };
            if found == number {
                return true;
            }
            rest = after.get(length..).unwrap_or_default();
        }
        false
    }

    fn unused(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads once into the buffer, and waits if nothing has arrived, unless `flags` say otherwise. Returns the number of
    /// bytes, 0 at the end of the stream.
    fn fill(&mut self, socket: &UnixStream, flags: RecvFlags) -> io::Result<usize> {
        self.make_room();
        let room = &mut self.buffer[self.end..];
        let read = read_once(socket, room, flags, self.descriptors.as_mut())?;
        self.end += read;
        Ok(read)
    }

    /// Makes room for at least one more byte.
    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > READ_BYTES {
                self.buffer = Vec::new();
            }
        }
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.is_empty() {
            // Pages of zeros, which take no memory until they are used.
            self.buffer = vec![0; READ_BYTES];
        } else if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
    }
}
