//! The receiving half of a connection.
//!
//! It has its own buffer, and not a `BufReader`, because a worker must see in the middle of a task whether its parent has
//! cancelled the task: it then reads what has arrived without waiting, and keeps it.

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
use super::frame::{self, HEADER_BYTES, MAX_FRAME_BYTES};

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
        let (length, number) = frame::read_header(header);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_FRAME_BYTES - HEADER_BYTES {
            let message = format!("a frame cannot have {length} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Some((length, number)))
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
                let read = read_once(socket, &mut target[filled..])?;
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
        &self.buffer[self.start..self.end]
    }

    /// Reads once into the buffer, and waits if nothing has arrived, unless `flags` say otherwise. Returns the number of
    /// bytes, 0 at the end of the stream.
    fn fill(&mut self, socket: &UnixStream, flags: RecvFlags) -> io::Result<usize> {
        self.make_room();
        let room = &mut self.buffer[self.end..];
        let read = loop {
            let read = match &mut self.descriptors {
                Some(descriptors) => receive_descriptors(socket, room, flags, descriptors),
                None if flags.is_empty() => rustix::io::read(socket, &mut *room),
                None => rustix::net::recv(socket, &mut *room, flags).map(|(read, _)| read),
            };
            match read {
                Err(Errno::INTR) => {}
                read => break read?,
            }
        };
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

/// Reads what has arrived at the socket, and waits if that is nothing. Returns the number of bytes, 0 at the end of the
/// stream.
fn read_once(socket: &UnixStream, target: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(socket, &mut *target) {
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

/// The longest single wait. When both processes have been stopped and are continued, this much of the timeout may have
/// passed, but not all of it.
const LONGEST_STEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use super::super::frame::Frame;
    use super::super::sender::send_with;
    use super::*;

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
    fn an_impossible_length_is_refused_without_allocating() {
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
        assert!(receiver.buffer.len() <= READ_BYTES);
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

    #[test]
    fn descriptors_that_did_not_arrive_are_not_replaced_by_those_of_the_next_frame() {
        let (here, there) = UnixStream::pair().unwrap();
        for number in [1, 2] {
            let sent = [(); 3].map(|()| UnixStream::pair().unwrap().0.into());
            send_with(&here, &frame(number, b""), &sent).unwrap();
        }
        let mut receiver = Receiver::with_descriptors(Vec::new(), Vec::new());
        assert!(receiver.has_arrived(&there, 2));
        // As if there had been no room for one.
        drop(receiver.descriptors.as_mut().unwrap()[0].pop());
        receiver.receive(&there, &mut Vec::new()).unwrap();
        assert!(receiver.take_descriptors(3).is_err());
        receiver.receive(&there, &mut Vec::new()).unwrap();
        assert_eq!(receiver.take_descriptors(3).unwrap().len(), 3);
    }
}
