//! Frames, of which a connection consists: a length of four bytes, a number of eight bytes, then as many bytes as the
//! length says.
//!
//! A reply has the number of its request, so replies may come in any order, and one that belongs to no request is
//! recognised. The length is not trusted: it is at most 1 GiB, and memory is allocated only for bytes that arrive.

use std::io;

use portable_task::{RemoteError, RemoteErrorKind};
use serde::Serialize;

const LENGTH_BYTES: usize = size_of::<u32>();
const NUMBER_BYTES: usize = size_of::<u64>();
pub(crate) const HEADER_BYTES: usize = LENGTH_BYTES + NUMBER_BYTES;

/// The largest length of a frame in bytes, with its header.
pub(crate) const MAX_FRAME_BYTES: usize = 1 << 30;

/// The largest capacity in bytes that a buffer keeps between frames, so that one huge frame does not occupy memory
/// forever.
const MAX_KEPT_BYTES: usize = 1 << 20;

/// A frame to be sent: a body, and the number of the request that it is or answers.
///
/// ```
/// use multiprocessing::Frame;
///
/// let mut frame = Frame::new();
/// frame.body().extend_from_slice(b"a request");
/// frame.finish(1)?;
/// assert_eq!(frame.as_bytes().len(), 4 + 8 + 9);
/// # Ok::<(), multiprocessing::FrameTooLong>(())
/// ```
#[derive(Debug, Clone)]
pub struct Frame {
    bytes: Vec<u8>,
}

/// The error of a frame of more than 1 GiB.
///
/// ```
/// assert_eq!(multiprocessing::FrameTooLong.to_string(), "it needs more than 1 GiB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it needs more than 1 GiB")]
pub struct FrameTooLong;

impl Default for Frame {
    fn default() -> Self {
        Self::new()
    }
}

impl Frame {
    /// Returns a frame with an empty body and the number 0.
    pub fn new() -> Self {
        Self {
            bytes: vec![0; HEADER_BYTES],
        }
    }

    /// Returns the complete frame of a value, with this number.
    ///
    /// # Errors
    /// If the value cannot be encoded, or the frame would be longer than 1 GiB: then the bytes that are too many are not
    /// copied.
    pub(crate) fn of(number: u64, value: &impl Serialize) -> Result<Self, RemoteError> {
        let mut frame = Self::new();
        portable_task::encode(value, frame.body())?;
        frame
            .finish(number)
            .map_err(|error| RemoteError::new(RemoteErrorKind::Encode, error.to_string()))?;
        Ok(frame)
    }

    /// Returns the buffer to which the body is appended. It begins with the header, which must stay.
    pub fn body(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Removes the body, and returns the memory of a large one to the system.
    pub fn clear(&mut self) {
        self.bytes.truncate(HEADER_BYTES);
        self.bytes.shrink_to(MAX_KEPT_BYTES);
    }

    /// Completes the frame with its length and this number.
    ///
    /// # Errors
    /// If the frame is longer than 1 GiB. It must not be sent then.
    ///
    /// # Panics
    /// If the header was removed from the buffer.
    pub fn finish(&mut self, number: u64) -> Result<(), FrameTooLong> {
        assert!(self.bytes.len() >= HEADER_BYTES, "a frame has no header");
        if self.bytes.len() > MAX_FRAME_BYTES {
            return Err(FrameTooLong);
        }
        let length = u32::try_from(self.bytes.len() - HEADER_BYTES).map_err(|_| FrameTooLong)?;
        self.bytes[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
        self.set_number(number);
        Ok(())
    }

    /// Changes the number of a complete frame.
    pub fn set_number(&mut self, number: u64) {
        self.bytes[LENGTH_BYTES..HEADER_BYTES].copy_from_slice(&number.to_le_bytes());
    }

    /// Returns the bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes to send.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Returns the length of the body and the number of the frame with this header.
///
/// # Errors
/// Of the kind `InvalidData` if a frame cannot have this length.
pub(crate) fn read_header(header: [u8; HEADER_BYTES]) -> io::Result<(usize, u64)> {
    let (mut length, mut number) = ([0; LENGTH_BYTES], [0; NUMBER_BYTES]);
    length.copy_from_slice(&header[..LENGTH_BYTES]);
    number.copy_from_slice(&header[LENGTH_BYTES..]);
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_FRAME_BYTES - HEADER_BYTES {
        let message = format!("a frame cannot have {length} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok((length, u64::from_le_bytes(number)))
}

/// Discards the content of a buffer, and returns its memory to the system if that is much.
pub(crate) fn release(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(MAX_KEPT_BYTES);
}
