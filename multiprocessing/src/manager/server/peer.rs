//! The connection to one client: the bytes that have arrived, and those that are still to be sent.

use std::io::{self, Read, Write};
use std::time::Instant;

use mio::event::Source;
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use crate::connection::{self, Frame, HEADER_BYTES, MAX_FRAME_BYTES};
use crate::manager::protocol::hello::HELLO_BYTES;
use crate::manager::protocol::{Fault, Reply};

/// The number of bytes that one call to the system reads.
pub(super) const READ_BYTES: usize = 1 << 16;

/// The number of reads after which the other clients have their turn.
const READS_PER_TURN: usize = 16;

/// A client that leaves more bytes of replies unread than this is disconnected when there is one more reply.
const MAX_UNREAD_BYTES: usize = 64 << 20;

/// The number of bytes that are sent before the other clients have their turn. Less than a socket accepts at a time.
const FLUSH_BYTES: usize = 1 << 17;

#[derive(Debug)]
pub(super) struct Peer {
    socket: UnixStream,
    /// Until when the client must have said hello. `None` once it has.
    pub(super) hello_until: Option<Instant>,
    input: Vec<u8>,
    /// The number of bytes at the start of `input` that belong to frames already taken.
    used: usize,
    output: Vec<u8>,
    /// The number of bytes at the start of `output` that have been sent.
    sent: usize,
    /// Whether the event loop reports when the socket accepts more bytes.
    awaits_room: bool,
}

/// The state of a connection after a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All that has arrived has been read.
    Drained,
    /// There may be more to read.
    Unfinished,
    /// No more will arrive.
    Ended,
}

/// The state of a connection after something was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushing {
    /// All has been sent, or an event says when the socket accepts more.
    Done,
    /// The socket may accept more.
    Unfinished,
}

/// The connection cannot be used any more.
#[derive(Debug)]
pub(super) struct Broken;

impl Peer {
    pub(super) fn new(socket: UnixStream, hello_until: Instant) -> Self {
        Self {
            socket,
            hello_until: Some(hello_until),
            input: Vec::new(),
            used: 0,
            output: Vec::new(),
            sent: 0,
            awaits_room: false,
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.socket.register(registry, token, Interest::READABLE)
    }

    /// Reads what has arrived, up to a limit. `may_have_ended` says that a short read does not mean that there is no more.
    pub(super) fn read(&mut self, scratch: &mut [u8], may_have_ended: bool) -> Reading {
        for _ in 0..READS_PER_TURN {
            match self.socket.read(scratch) {
                Ok(0) => return Reading::Ended,
                Ok(read) => {
                    self.input.extend_from_slice(&scratch[..read]);
                    // Saves a call to the system for each request. More bytes, or the end, cause another event.
                    if read < scratch.len() && !may_have_ended {
                        return Reading::Drained;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Reading::Drained,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Reading::Ended,
            }
        }
        Reading::Unfinished
    }

    /// Returns the number and the body of the next frame, if it is complete.
    ///
    /// # Errors
    /// If it is not a frame that this client may send.
    pub(super) fn next_frame(&mut self) -> Result<Option<(u64, &[u8])>, Broken> {
        let rest = &self.input[self.used..];
        let Some((header, rest)) = rest.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let (length, number) = connection::read_header(*header).map_err(|_| Broken)?;
        if self.hello_until.is_some() && length != HELLO_BYTES {
            return Err(Broken);
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        self.used += HEADER_BYTES + length;
        Ok(Some((number, body)))
    }

    /// Discards the frames that have been taken.
    pub(super) fn discard_taken(&mut self) {
        if self.used == self.input.len() {
            connection::release(&mut self.input);
        } else {
            self.input.drain(..self.used);
        }
        self.used = 0;
    }

    /// Adds a reply to what is to be sent.
    ///
    /// # Errors
    /// If the client reads its replies too slowly, or not at all.
    pub(super) fn reply(&mut self, number: u64, reply: &Reply) -> Result<(), Broken> {
        // Before any of it is encoded.
        let too_long = reply.bytes() > MAX_FRAME_BYTES - (1 << 10);
        let too_long = too_long.then_some(Reply::Fault(Fault::TooLong));
        let frame = Frame::of(number, too_long.as_ref().unwrap_or(reply));
        self.send(frame.map_err(|_| Broken)?)
    }

    /// Adds a complete frame to what is to be sent.
    ///
    /// # Errors
    /// If the client reads too slowly, or not at all.
    pub(super) fn send(&mut self, frame: Frame) -> Result<(), Broken> {
        if self.output.len() - self.sent > MAX_UNREAD_BYTES {
            return Err(Broken);
        }
        if self.output.is_empty() {
            self.output = frame.into_bytes();
        } else {
            self.output.extend_from_slice(frame.as_bytes());
        }
        Ok(())
    }

    /// Sends as much as the socket accepts, up to a limit.
    ///
    /// # Errors
    /// If the client has gone.
    pub(super) fn flush(&mut self, registry: &Registry, token: Token) -> Result<Flushing, Broken> {
        let turn_ends = self.output.len().min(self.sent + FLUSH_BYTES);
        while self.sent < turn_ends {
            match self.socket.write(&self.output[self.sent..turn_ends]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.await_room(registry, token, true)?;
                    return Ok(Flushing::Done);
                }
                Err(_) => return Err(Broken),
            }
        }
        if self.sent < self.output.len() {
            return Ok(Flushing::Unfinished);
        }
        self.output = Vec::new();
        self.sent = 0;
        self.await_room(registry, token, false)?;
        Ok(Flushing::Done)
    }

    /// Only while there is something to send: each reply that a client reads would be an event otherwise.
    fn await_room(
        &mut self,
        registry: &Registry,
        token: Token,
        awaits: bool,
    ) -> Result<(), Broken> {
        if awaits && self.sent > self.output.len() / 2 {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
        if self.awaits_room == awaits {
            return Ok(());
        }
        self.awaits_room = awaits;
        let interest = match awaits {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        let changed = self.socket.reregister(registry, token, interest);
        changed.map_err(|_| Broken)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::manager::protocol::encoding::Blob;

    fn peer() -> (Peer, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        let until = Instant::now() + Duration::from_secs(1);
        (Peer::new(here, until), there)
    }

    #[test]
    fn a_reply_that_is_longer_than_a_frame_is_an_error_instead() {
        let (mut peer, _client) = peer();
        // All share their memory.
        let value = Blob::new(vec![7; 1 << 20]);
        let values = Reply::Values(vec![value; 1024]);
        peer.reply(1, &values).unwrap();
        let fault = postcard::to_stdvec(&Reply::Fault(Fault::TooLong)).unwrap();
        assert_eq!(peer.output[HEADER_BYTES..], fault);
    }

    #[test]
    fn other_clients_have_their_turn_before_a_long_reply_is_sent() {
        let (mut peer, mut client) = peer();
        let poll = mio::Poll::new().unwrap();
        peer.register(poll.registry(), Token(0)).unwrap();
        let mut frame = Frame::new();
        frame.body().resize(3 * FLUSH_BYTES / 2, 7);
        frame.finish(1).unwrap();
        peer.send(frame.clone()).unwrap();
        let mut received = Vec::new();
        for end in [FLUSH_BYTES, frame.as_bytes().len()] {
            peer.flush(poll.registry(), Token(0)).unwrap();
            // At the end there is nothing to read for now.
            let _ = client.read_to_end(&mut received);
            assert_eq!(received.len(), end);
        }
        assert_eq!(received, frame.as_bytes());
    }

    #[test]
    fn a_stranger_may_send_only_a_hello() {
        for length in [0, HELLO_BYTES - 1, HELLO_BYTES + 1, usize::MAX] {
            let (mut peer, mut client) = peer();
            let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
            client.write_all(&[&length[..], &[0; 8]].concat()).unwrap();
            assert_eq!(peer.read(&mut [0; 100], false), Reading::Drained);
            assert!(peer.next_frame().is_err());
        }
    }

    #[test]
    fn a_frame_is_taken_when_it_is_complete() {
        let (mut peer, mut client) = peer();
        peer.hello_until = None;
        let mut frame = Frame::new();
        frame.body().extend_from_slice(b"a request");
        frame.finish(5).unwrap();
        for byte in frame.as_bytes() {
            assert!(peer.next_frame().unwrap().is_none());
            client.write_all(&[*byte]).unwrap();
            peer.read(&mut [0; 100], false);
        }
        client.write_all(frame.as_bytes()).unwrap();
        peer.read(&mut [0; 100], false);
        for _ in 0..2 {
            let taken = peer.next_frame().unwrap();
            assert_eq!(taken, Some((5, b"a request".as_slice())));
        }
        assert!(peer.next_frame().unwrap().is_none());
        peer.discard_taken();
        assert!(peer.input.is_empty());
    }
}
