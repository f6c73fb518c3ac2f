//! The encoding of the values in a manager's objects. The manager stores bytes, and only its clients know the types.
//!
//! A value is encoded like the reply of a task, so that `decode_reply` decodes it, within the same bounds.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use portable_task::{Bytes, decode_reply};
use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::ManagerError;

/// An encoded value. Its clones share the bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Blob(Rc<Bytes>);

impl Blob {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Rc::new(bytes.into()))
    }

    /// Encodes a value.
    ///
    /// # Errors
    /// If the value cannot be encoded, or needs more than half of a frame, or too much of the stack.
    pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, ManagerError> {
        let too_deep = Cell::new(false);
        let sink = BoundedSink {
            bytes: vec![VALUE],
            start: stack_position(),
            too_deep: &too_deep,
        };
        let message = match postcard::serialize_with_flavor(value, sink) {
            Ok(bytes) => return Ok(Self::new(bytes)),
            Err(_) if too_deep.get() => "it is nested too deeply".to_owned(),
            Err(postcard::Error::SerializeBufferFull) => "it needs more than 512 MiB".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(ManagerError::Encode(message))
    }

    /// Returns whether this is a value, and not an error of a task.
    pub(crate) fn is_value(&self) -> bool {
        self.first() == Some(&VALUE)
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// If this is not the encoding of a `T`.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, ManagerError> {
        decode_reply(self).map_err(|error| ManagerError::Decode(error.message))
    }
}

/// The first byte of a reply that holds a value.
const VALUE: u8 = 0;

/// Half of a frame, so that a value fits into one together with its key or an old value.
const MAX_BYTES: usize = 1 << 29;

/// The largest size in bytes of the stack for encoding a value: the same as that for tasks.
const MAX_STACK_BYTES: usize = 1 << 19;

struct BoundedSink<'d> {
    bytes: Vec<u8>,
    /// The place on the stack where the encoding began.
    start: usize,
    /// postcard reports all errors of a sink as the same one.
    too_deep: &'d Cell<bool>,
}

impl Flavor for BoundedSink<'_> {
    type Output = Vec<u8>;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if stack_position().abs_diff(self.start) > MAX_STACK_BYTES {
            self.too_deep.set(true);
            return Err(postcard::Error::SerializeBufferFull);
        }
        // Before the bytes are copied.
        if bytes.len() > MAX_BYTES - self.bytes.len() {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.bytes)
    }
}

#[inline]
fn stack_position() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(&local).addr()
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Bytes::deserialize(deserializer).map(|bytes| Self(Rc::new(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Nested(Option<Box<Nested>>);

    #[test]
    fn a_value_is_decoded_as_its_type_only() {
        let blob = Blob::encode(&(7_u32, "seven")).unwrap();
        assert_eq!(
            blob.decode::<(u32, String)>().unwrap(),
            (7, "seven".to_owned())
        );
        assert!(matches!(
            blob.decode::<u32>(),
            Err(ManagerError::Decode(message)) if message.contains("left over")
        ));
    }

    #[test]
    fn a_value_that_is_nested_too_deeply_is_an_error() {
        let mut nested = Nested(None);
        for _ in 0..20_000 {
            nested = Nested(Some(Box::new(nested)));
        }
        let error = Blob::encode(&nested).unwrap_err().to_string();
        assert_eq!(error, "cannot encode a value: it is nested too deeply");
    }
}
