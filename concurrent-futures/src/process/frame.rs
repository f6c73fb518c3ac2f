//! The encoding of tasks and replies on a stream: a length of four bytes, then that many bytes.
//!
//! A task consists of its name, a byte that distinguishes a single task from a chunk, and its fields. A reply consists
//! of one byte for the outcome, and the value or the error message. Fields and values are encoded with postcard. The
//! length is not trusted: memory is allocated only for bytes that arrive.

use std::io::{self, BufRead, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Starts a new frame in `frame` and discards the previous content.
pub(super) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.extend_from_slice(&[0; LENGTH_BYTES]);
}

/// Writes the length of a complete frame.
///
/// # Errors
/// If the length does not fit into its four bytes.
pub(super) fn finish(frame: &mut [u8]) -> Result<(), String> {
    let length = frame.len() - LENGTH_BYTES;
    let length =
        u32::try_from(length).map_err(|_| format!("{length} bytes do not fit in a frame"))?;
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Appends the encoding of `value` to a frame.
pub(super) fn append(frame: &mut Vec<u8>, value: &impl Serialize) -> Result<(), String> {
    let prefix = std::mem::take(frame);
    *frame = postcard::to_extend(value, prefix).map_err(|error| error.to_string())?;
    Ok(())
}

/// Decodes the value that fills `bytes`. Remaining bytes are an error too: they were encoded from another type.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes left over", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the next frame into `frame`, without its length. Blocks until it is complete. Returns false at the end of the
/// stream.
///
/// # Errors
/// If the stream fails, or ends within a frame.
pub(super) fn read(stream: &mut impl BufRead, frame: &mut Vec<u8>) -> io::Result<bool> {
    frame.clear();
    frame.shrink_to(MAX_KEPT_BYTES);
    if stream.fill_buf()?.is_empty() {
        return Ok(false);
    }
    let mut length = [0; LENGTH_BYTES];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    let read = stream.take(length.into()).read_to_end(frame)?;
    if u32::try_from(read) == Ok(length) {
        Ok(true)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
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

/// The length in bytes of the frame of a reply that holds only an outcome.
pub(super) const EMPTY_REPLY_BYTES: usize = LENGTH_BYTES + 1;

/// The largest capacity in bytes that a buffer keeps between frames, so that one huge frame does not occupy memory
/// forever.
const MAX_KEPT_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of(value: &impl Serialize) -> Vec<u8> {
        let mut frame = Vec::new();
        begin(&mut frame);
        append(&mut frame, value).unwrap();
        finish(&mut frame).unwrap();
        frame
    }

    #[test]
    fn frames_are_read_one_by_one_until_the_end_of_the_stream() {
        let stream = [frame_of(&"one"), frame_of(&()), frame_of(&2_u64)].concat();
        let mut stream = stream.as_slice();
        let mut frame = Vec::new();
        assert!(read(&mut stream, &mut frame).unwrap());
        assert_eq!(decode(&frame), Ok("one".to_owned()));
        assert!(read(&mut stream, &mut frame).unwrap() && frame.is_empty());
        assert!(read(&mut stream, &mut frame).unwrap());
        assert_eq!(decode(&frame), Ok(2_u64));
        assert!(!read(&mut stream, &mut frame).unwrap());
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_an_error() {
        let whole = frame_of(&"one");
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
