//! Byte strings that are encoded as a whole.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A byte string as a field or an output of a task.
///
/// serde encodes and decodes a `Vec<u8>` one byte after the other, because to serde it is a sequence of any elements.
/// This type is copied as a whole. It has the same encoding, so a field may change from one to the other without a new
/// [`VERSION`](crate::Task::VERSION).
///
/// ```
/// use portable_task::{Bytes, task};
///
/// fn invert(image: Bytes) -> Bytes {
///     image.iter().map(|byte| !byte).collect()
/// }
///
/// task!(Invert = fn invert(image: Bytes) -> Bytes);
///
/// let task = Invert(vec![0, 255].into());
/// assert_eq!(*invert(task.0), [255, 0]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(
    /// The bytes.
    pub Vec<u8>,
);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Self(Vec::from_iter(bytes))
    }
}

impl Deref for Bytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

/// The length and the first bytes: the whole may be a megabyte.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        let first = self.0[..self.0.len().min(SHOWN)].escape_ascii();
        let rest = if self.0.len() > SHOWN { ".." } else { "" };
        write!(f, "Bytes({} bytes, b\"{first}\"{rest})", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }

    /// Formats without byte strings, such as JSON, have a sequence.
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Bytes, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(Bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_encoding_of_a_vector() {
        let vector: Vec<u8> = (0..=255).collect();
        let encoded = postcard::to_stdvec(&vector).unwrap();
        assert_eq!(
            postcard::to_stdvec(&Bytes(vector.clone())).unwrap(),
            encoded
        );
        let decoded: Bytes = postcard::from_bytes(&encoded).unwrap();
        assert_eq!(*decoded, vector);
    }

    #[test]
    fn the_debug_form_of_many_bytes_is_short() {
        let text = format!("{:?}", Bytes(vec![b'a'; 1000]));
        assert_eq!(text, "Bytes(1000 bytes, b\"aaaaaaaaaaaaaaaa\"..)");
        assert_eq!(
            format!("{:?}", Bytes(vec![0, b'"'])),
            "Bytes(2 bytes, b\"\\x00\\\"\")"
        );
    }
}
