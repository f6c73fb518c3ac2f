//! The encoding of the values in a manager's objects. The manager stores bytes, and only its clients know the types.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use portable_task::{Bytes, decode, encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::error::ManagerError;
use crate::connection::attachments::refuse_all;

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
        let mut bytes = Vec::new();
        refuse_all(|| encode(value, &mut bytes))
            .map_err(|error| ManagerError::Encode(error.message))?;
        if bytes.len() > MAX_BYTES {
            return Err(ManagerError::Encode(
                "it needs more than 512 MiB".to_owned(),
            ));
        }
        Ok(Self::new(bytes))
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// If this is not the encoding of a `T`.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, ManagerError> {
        decode(self).map_err(|error| ManagerError::Decode(error.message))
    }
}

/// Half of a frame, so that a value fits into one together with its key or an old value.
const MAX_BYTES: usize = 1 << 29;

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
