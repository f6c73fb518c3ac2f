//! What is in the message of a task and of a result: the bytes themselves, the name of an object, or a reason why there is no
//! result.

use async_nats::jetstream::Message;
use concurrent_futures::DistanceError;
use portable_task::{decode, encode};
use tokio_util::bytes::Bytes;

use crate::names::Id;

/// The content of a message. The first byte tells which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// The call or the reply, as `portable_task` encodes it.
    Inline(Bytes),
    /// The name of the object that holds it.
    Object(String),
    /// The task has started this often without an end; the last worker.
    Lost(u32, String),
    /// The value has this many bytes, which is more than the worker may send.
    TooLarge(u64, u64),
    /// The task has this many bytes, which is more than the worker accepts.
    TaskTooLarge(u64, u64),
    /// The task was cancelled, and no worker runs it any more.
    Cancelled,
    /// The worker itself panicked while it had the task; the message.
    Panicked(String),
    /// The task cannot be read any more; the reason. It may have run before.
    Unreadable(String),
}

const INLINE: u8 = 0;
const OBJECT: u8 = 1;
const LOST: u8 = 2;
const TOO_LARGE: u8 = 3;
const TASK_TOO_LARGE: u8 = 4;
const CANCELLED: u8 = 5;
const PANICKED: u8 = 6;
const UNREADABLE: u8 = 7;

impl Envelope {
    /// Returns an empty message that a call or a reply can be appended to.
    pub(crate) fn inline() -> Vec<u8> {
        vec![INLINE]
    }

    /// Returns whether a message holds a call or a reply.
    pub(crate) fn is_inline(message: &[u8]) -> bool {
        message.first() == Some(&INLINE)
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        let encoded = |kind, value: &dyn erased::Encode| {
            let mut bytes = vec![kind];
            value.append(&mut bytes);
            bytes.into()
        };
        match self {
            Self::Inline(content) => {
                let mut bytes = Self::inline();
                bytes.extend_from_slice(&content);
                bytes.into()
            }
            Self::Object(name) => encoded(OBJECT, &name),
            Self::Lost(starts, worker) => encoded(LOST, &(starts, worker)),
            Self::TooLarge(size, limit) => encoded(TOO_LARGE, &(size, limit)),
            Self::TaskTooLarge(size, limit) => encoded(TASK_TOO_LARGE, &(size, limit)),
            Self::Cancelled => Bytes::from_static(&[CANCELLED]),
            Self::Panicked(message) => encoded(PANICKED, &message),
            Self::Unreadable(reason) => encoded(UNREADABLE, &reason),
        }
    }

    /// Returns the content of a message, or `None` if it is of another kind.
    pub(crate) fn open(bytes: &Bytes) -> Option<Self> {
        let (&kind, content) = bytes.split_first()?;
        match kind {
            INLINE => Some(Self::Inline(bytes.slice(1..))),
            OBJECT => decode(content).ok().map(Self::Object),
            LOST => decode(content)
                .ok()
                .map(|(n, worker)| Self::Lost(n, worker)),
            TOO_LARGE => decode(content).ok().map(|(n, max)| Self::TooLarge(n, max)),
            TASK_TOO_LARGE => decode(content)
                .ok()
                .map(|(n, max)| Self::TaskTooLarge(n, max)),
            CANCELLED => Some(Self::Cancelled),
            PANICKED => decode(content).ok().map(Self::Panicked),
            UNREADABLE => decode(content).ok().map(Self::Unreadable),
            _ => None,
        }
    }
}

mod erased {
    use serde::Serialize;

    /// A value that can always be encoded.
    pub(super) trait Encode {
        fn append(&self, bytes: &mut Vec<u8>);
    }

    impl<T: Serialize> Encode for T {
        fn append(&self, bytes: &mut Vec<u8>) {
            super::encode(self, bytes).expect("a short text or number can be encoded");
        }
    }
}

/// Returns the error of a "task" or a "value" that is too large.
pub(crate) fn too_large(what: &'static str, bytes: u64, limit: u64) -> DistanceError {
    let size = |n| usize::try_from(n).unwrap_or(usize::MAX);
    DistanceError::too_large(what, size(bytes), size(limit))
}

/// Returns the id of the task that a message is about.
pub(crate) fn id_of(message: &Message) -> Option<Id> {
    let headers = message.headers.as_ref()?;
    Id::parse(headers.get(async_nats::header::NATS_MESSAGE_ID)?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_message_is_read_as_it_is_written() {
        for envelope in [
            Envelope::Inline(Bytes::from_static(b"call")),
            Envelope::Object("x-1".to_owned()),
            Envelope::Lost(5, "host:4711".to_owned()),
            Envelope::TooLarge(2000, 1000),
            Envelope::TaskTooLarge(2000, 1000),
            Envelope::Cancelled,
            Envelope::Panicked("no such flag".to_owned()),
            Envelope::Unreadable("it is gone".to_owned()),
        ] {
            let bytes = envelope.clone().into_bytes();
            assert_eq!(Envelope::open(&bytes), Some(envelope));
        }
        assert_eq!(Envelope::open(&Bytes::new()), None);
        assert_eq!(Envelope::open(&Bytes::from_static(&[99])), None);
        assert_eq!(Envelope::open(&Bytes::from_static(&[LOST, 1])), None);
    }
}
