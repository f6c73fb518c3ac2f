//! Encodes and decodes values with postcard, within bounds of memory and of stack.
//!
//! serde calls itself for each level of a nested value. So a value with tens of thousands of levels would overflow the
//! stack, which ends the whole process and not only the task. postcard passes all bytes through one of the types below.
//! They compare the address of a local variable with the one at the start, so the bound holds for the stack that is
//! really used, whatever the types are. A stack that the code of a type moves elsewhere counts as too deep.

use std::cell::Cell;

use postcard::de_flavors::{Flavor as Source, Slice};
use postcard::ser_flavors::Flavor as Sink;
use postcard::{Deserializer, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest length in bytes of a buffer that a value is appended to.
const MAX_BYTES: usize = 1 << 30;

/// The largest size in bytes of the stack for encoding or decoding one value: a quarter of the stack of a thread.
const MAX_STACK_BYTES: usize = 1 << 19;

// postcard itself returns neither of these from the functions used here.
const TOO_LARGE: Error = Error::SerializeBufferFull;
const TOO_DEEP: Error = Error::NotYetImplemented;

/// Appends the encoding of `value` to a buffer.
///
/// # Errors
/// If the value cannot be encoded. The buffer then ends with a part of the encoding.
pub(crate) fn append(
    buffer: &mut Vec<u8>,
    value: &(impl Serialize + ?Sized),
) -> Result<(), String> {
    let too_deep = Cell::new(false);
    let sink = BoundedSink {
        buffer,
        stack: Stack::here(),
        too_deep: &too_deep,
    };
    postcard::serialize_with_flavor(value, sink).map_err(|error| match error {
        // postcard replaces all errors of a sink by this one.
        TOO_LARGE if too_deep.get() => message(TOO_DEEP),
        error => message(error),
    })
}

/// Decodes the value that fills `bytes`. Remaining bytes are an error too: they were encoded from another type.
///
/// # Errors
/// If the bytes are not the encoding of such a value.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut deserializer = Deserializer::from_flavor(BoundedSource {
        slice: Slice::new(bytes),
        stack: Stack::here(),
    });
    let value = T::deserialize(&mut deserializer).map_err(message)?;
    match deserializer.finalize() {
        Ok([]) => Ok(value),
        Ok(rest) => Err(format!("{} bytes left over", rest.len())),
        Err(error) => Err(message(error)),
    }
}

fn message(error: Error) -> String {
    match error {
        TOO_LARGE => "it needs more than 1 GiB".to_owned(),
        TOO_DEEP => "it is nested too deeply".to_owned(),
        error => error.to_string(),
    }
}

/// The place on the stack where the encoding or decoding of a value began.
struct Stack {
    start: usize,
}

impl Stack {
    #[inline]
    fn here() -> Self {
        let local = 0_u8;
        let start = std::ptr::from_ref(&local).addr();
        Self { start }
    }

    /// # Errors
    /// If too much of the stack is in use.
    #[inline]
    fn check(&self) -> postcard::Result<()> {
        if Self::here().start.abs_diff(self.start) > MAX_STACK_BYTES {
            return Err(TOO_DEEP);
        }
        Ok(())
    }
}

struct BoundedSink<'b> {
    buffer: &'b mut Vec<u8>,
    stack: Stack,
    too_deep: &'b Cell<bool>,
}

impl Sink for BoundedSink<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.stack
            .check()
            .inspect_err(|_| self.too_deep.set(true))?;
        // Before the bytes are copied.
        if bytes.len() > MAX_BYTES.saturating_sub(self.buffer.len()) {
            return Err(TOO_LARGE);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

struct BoundedSource<'de> {
    slice: Slice<'de>,
    stack: Stack,
}

impl<'de> Source<'de> for BoundedSource<'de> {
    type Remainder = &'de [u8];
    type Source = &'de [u8];

    #[inline]
    fn pop(&mut self) -> postcard::Result<u8> {
        self.stack.check()?;
        self.slice.pop()
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.slice.size_hint()
    }

    #[inline]
    fn try_take_n(&mut self, count: usize) -> postcard::Result<&'de [u8]> {
        self.stack.check()?;
        self.slice.try_take_n(count)
    }

    fn finalize(self) -> postcard::Result<&'de [u8]> {
        self.slice.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Nested(Option<Box<Nested>>);

    #[test]
    fn too_deep_and_too_large_are_different_errors() {
        let nested =
            |depth| (0..depth).fold(Nested(None), |inner, _| Nested(Some(Box::new(inner))));
        let mut bytes = Vec::new();
        let error = append(&mut bytes, &nested(20_000)).unwrap_err();
        assert_eq!(error, "it is nested too deeply");
        let deep = vec![1; 20_000];
        let decoded = decode::<Nested>(&deep).map(drop);
        assert_eq!(decoded, Err("it is nested too deeply".to_owned()));
    }

    #[test]
    fn a_value_of_another_type_is_rejected() {
        let mut bytes = Vec::new();
        append(&mut bytes, &(1_u8, 2_u8)).unwrap();
        assert_eq!(decode::<u8>(&bytes), Err("1 bytes left over".to_owned()));
        assert!(decode::<(u8, u8, u8)>(&bytes).is_err());
    }
}
