//! Encodes and decodes values with postcard. A value that is too large is refused before all of it is encoded.

use postcard::Error;
use postcard::ser_flavors::Flavor as Sink;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest length of a frame in bytes.
pub(super) const MAX_FRAME_BYTES: usize = 1 << 30;

// postcard itself does not return it from the functions used here.
const TOO_LARGE: Error = Error::SerializeBufferFull;

/// Appends the encoding of `value` to a frame.
///
/// # Errors
/// If the value cannot be encoded. The frame is then empty.
pub(super) fn append(frame: &mut Vec<u8>, value: &impl Serialize) -> Result<(), String> {
    let sink = BoundedSink {
        frame: std::mem::take(frame),
    };
    *frame = postcard::serialize_with_flavor(value, sink).map_err(message)?;
    Ok(())
}

/// Decodes the value that fills `bytes`. Remaining bytes are an error too: they were encoded from another type.
///
/// # Errors
/// If the bytes are not the encoding of such a value.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes left over", rest.len())),
        Err(error) => Err(message(error)),
    }
}

fn message(error: Error) -> String {
    match error {
        TOO_LARGE => "it needs more than 1 GiB".to_owned(),
        error => error.to_string(),
    }
}

struct BoundedSink {
    frame: Vec<u8>,
}

impl Sink for BoundedSink {
    type Output = Vec<u8>;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        // Before the bytes are copied.
        if bytes.len() > MAX_FRAME_BYTES - self.frame.len() {
            return Err(TOO_LARGE);
        }
        self.frame.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.frame)
    }
}
