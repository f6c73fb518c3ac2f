//! The encoding of tasks and replies on a stream: a length of four bytes, a number of eight bytes, then as many bytes as
//! the length says.
//!
//! The tasks of a worker are numbered from 1, and its initializer is 0. A reply has the number of its task, so a reply
//! that belongs to no task is recognised. A task consists of its name, a byte that distinguishes a single task from a chunk, and its fields. A reply consists
//! of one byte for the outcome, and the value or the error message. Fields and values are encoded with postcard. The
//! length is not trusted: it is at most 1 GiB, and memory is allocated only for bytes that arrive.

use std::io::{self, BufRead, Read};

use super::codec::MAX_FRAME_BYTES;

/// Starts a new frame in `frame`, with the number 0, and discards the previous content.
pub(super) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.extend_from_slice(&[0; HEADER_BYTES]);
}

/// Changes the number of a frame.
pub(super) fn set_number(frame: &mut [u8], number: u64) {
    frame[LENGTH_BYTES..HEADER_BYTES].copy_from_slice(&number.to_le_bytes());
}

/// Writes the length of a complete frame.
///
/// # Errors
/// If the frame is longer than [`MAX_FRAME_BYTES`].
pub(super) fn finish(frame: &mut [u8]) -> Result<(), String> {
    let length = frame.len() - HEADER_BYTES;
    let length = u32::try_from(length).ok();
    let length = length.filter(|_| frame.len() <= MAX_FRAME_BYTES);
    let length = length.ok_or("it needs more than 1 GiB")?;
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Reads the next frame into `frame`, without its header. Blocks until it is complete. Returns its number, or `None` at
/// the end of the stream.
///
/// # Errors
/// If the stream fails, or ends within a frame. Of the kind `InvalidData` if the length is that of no frame.
pub(super) fn read(stream: &mut impl BufRead, frame: &mut Vec<u8>) -> io::Result<Option<u64>> {
    release(frame);
    if stream.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let (mut length, mut number) = ([0; LENGTH_BYTES], [0; NUMBER_BYTES]);
    stream.read_exact(&mut length)?;
    stream.read_exact(&mut number)?;
    let length = u32::from_le_bytes(length);
    if usize::try_from(length).is_ok_and(|length| length > MAX_FRAME_BYTES - HEADER_BYTES) {
        let message = format!("a frame cannot have {length} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let read = stream.take(length.into()).read_to_end(frame)?;
    if u32::try_from(read) == Ok(length) {
        Ok(Some(u64::from_le_bytes(number)))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Discards the content of a buffer, and returns its memory to the system if that is much.
pub(super) fn release(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(MAX_KEPT_BYTES);
}

/// The kind of a request: the byte after the name of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Request {
    /// A single task, whose fields follow.
    One,
    /// A list of tasks, to be run one after the other until one panics.
    Chunk,
}

/// The outcome of a task: the first byte of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Outcome {
    /// The task has a value, which follows.
    Value,
    /// The task panicked; the panic message follows.
    Panicked,
    /// The fields cannot be decoded, or the worker has no task of this name; the message follows.
    Undecodable,
    /// The value cannot be encoded; the message follows.
    Unencodable,
}

impl Outcome {
    const ALL: [Self; 4] = [
        Self::Value,
        Self::Panicked,
        Self::Undecodable,
        Self::Unencodable,
    ];

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as u8 == byte)
    }
}

const LENGTH_BYTES: usize = size_of::<u32>();
const NUMBER_BYTES: usize = size_of::<u64>();
const HEADER_BYTES: usize = LENGTH_BYTES + NUMBER_BYTES;

/// The length in bytes of the frame of a reply that holds only an outcome.
pub(super) const EMPTY_REPLY_BYTES: usize = HEADER_BYTES + 1;

/// The largest capacity in bytes that a buffer keeps between frames, so that one huge frame does not occupy memory
/// forever.
const MAX_KEPT_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::codec::{append, decode};
    use super::*;

    fn frame_of(number: u64, value: &impl Serialize) -> Vec<u8> {
        let mut frame = Vec::new();
        begin(&mut frame);
        append(&mut frame, value).unwrap();
        finish(&mut frame).unwrap();
        set_number(&mut frame, number);
        frame
    }

    #[test]
    fn frames_are_read_one_by_one_until_the_end_of_the_stream() {
        let frames = [
            frame_of(0, &"one"),
            frame_of(1, &()),
            frame_of(1 << 40, &2_u64),
        ];
        let stream = frames.concat();
        let mut stream = stream.as_slice();
        let mut frame = Vec::new();
        assert_eq!(read(&mut stream, &mut frame).unwrap(), Some(0));
        assert_eq!(decode(&frame), Ok("one".to_owned()));
        assert_eq!(read(&mut stream, &mut frame).unwrap(), Some(1));
        assert!(frame.is_empty());
        assert_eq!(read(&mut stream, &mut frame).unwrap(), Some(1 << 40));
        assert_eq!(decode(&frame), Ok(2_u64));
        assert_eq!(read(&mut stream, &mut frame).unwrap(), None);
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_an_error() {
        let whole = frame_of(1, &"one");
        for end in 1..whole.len() {
            let error = read(&mut &whole[..end], &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn a_value_of_another_type_is_rejected() {
        let bytes = postcard::to_stdvec(&(1_u8, 2_u8)).unwrap();
        assert_eq!(decode::<u8>(&bytes), Err("1 bytes left over".to_owned()));
        assert!(decode::<(u8, u8, u8)>(&bytes).is_err());
    }

    #[test]
    fn an_outcome_is_recovered_from_its_byte() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_byte(outcome as u8), Some(outcome));
        }
        assert_eq!(Outcome::from_byte(4), None);
    }
}
