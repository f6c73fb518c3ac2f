//! How tasks and replies are written on a stream: four bytes of length, then so many bytes.
//!
//! A task is its name, whether it is one or many, and its fields; a reply one byte that says what came of it and the value or the words of the
//! failure. Fields and values are written by postcard. The length is not believed: no more memory is taken than bytes
//! come.

use std::io::{self, BufRead, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Begins a frame in `frame`, whatever was there before.
pub(super) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.extend_from_slice(&[0; LENGTH_BYTES]);
}

/// Writes the length of a frame once all of it is there.
///
/// # Errors
/// When the length does not fit into its four bytes.
pub(super) fn finish(frame: &mut [u8]) -> Result<(), String> {
    let length = frame.len() - LENGTH_BYTES;
    let length =
        u32::try_from(length).map_err(|_| format!("{length} bytes do not fit in a frame"))?;
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Appends a value to a frame.
pub(super) fn append(frame: &mut Vec<u8>, value: &impl Serialize) -> Result<(), String> {
    let begun = std::mem::take(frame);
    *frame = postcard::to_extend(value, begun).map_err(|error| error.to_string())?;
    Ok(())
}

/// The value that fills `bytes`. Bytes left over are an error too: what they were written from was another type.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes left over", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the next frame into `frame`, without its length; false at the end of the stream.
///
/// # Errors
/// When the stream breaks, or ends within a frame.
pub(super) fn read(stream: &mut impl BufRead, frame: &mut Vec<u8>) -> io::Result<bool> {
    frame.clear();
    frame.shrink_to(KEPT_BYTES);
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

/// What is asked for; the byte behind the name of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Request {
    /// One task, whose fields follow.
    One,
    /// A list of them, to be run one after the other until one panics.
    Chunk,
}

/// What came of a task; the first byte of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Outcome {
    /// Its value follows.
    Value,
    /// It panicked; what the panic said follows.
    Panicked,
    /// Its fields cannot be read, or nobody there knows its name; the words follow.
    Undecodable,
    /// Its value cannot be written; the words follow.
    Unencodable,
}

impl Outcome {
    const ALL: [Self; 4] = [
        Self::Value,
        Self::Panicked,
        Self::Undecodable,
        Self::Unencodable,
    ];

    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as u8 == byte)
    }
}

const LENGTH_BYTES: usize = size_of::<u32>();

/// A reply that says what came of a task, and no more.
pub(super) const EMPTY_REPLY_BYTES: usize = LENGTH_BYTES + 1;

/// A buffer that has held a huge frame does not stay huge.
const KEPT_BYTES: usize = 1 << 20;

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
    fn frames_come_back_one_by_one_until_the_end_of_the_stream() {
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
    fn a_value_of_another_type_is_not_taken() {
        let bytes = postcard::to_stdvec(&(1_u8, 2_u8)).unwrap();
        assert_eq!(decode::<u8>(&bytes), Err("1 bytes left over".to_owned()));
        assert!(decode::<(u8, u8, u8)>(&bytes).is_err());
    }

    #[test]
    fn outcomes_are_known_by_their_byte() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of_byte(outcome as u8), Some(outcome));
        }
        assert_eq!(Outcome::of_byte(4), None);
    }
}
