//! What is in the message of a task and of a result: the bytes themselves, the name of an object, or a reason why there is no
//! result.
//!
//! The first byte is the version of all that executors and workers exchange. A message of another version is not read, but
//! refused: `0`, the version of the program that refuses it, and its own version. That form is the same in all versions, so each
//! program can read why its messages are refused.

use async_nats::jetstream::Message;
use concurrent_futures::{DistanceError, RemoteError, RemoteErrorKind};
use portable_task::{decode, encode};
use tokio_util::bytes::Bytes;

use crate::names::Id;

/// The version of what executors and workers exchange. It changes when a program of an earlier version would misread a message.
pub(crate) const WIRE_VERSION: u8 = 1;

/// The number of bytes before the content of a message: the version and the kind.
pub(crate) const HEAD: usize = 2;

/// In place of the version: the message refuses one of another version.
const REFUSAL: u8 = 0;

/// The content of a message. The second byte tells which.
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
    /// A program of this version refuses the message of another one, of that version.
    Refused(u8, u8),
    /// The message has this version, which this program cannot read.
    Foreign(u8),
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
        vec![WIRE_VERSION, INLINE]
    }

    /// Returns whether a message holds a call or a reply.
    pub(crate) fn is_inline(message: &[u8]) -> bool {
        message.starts_with(&[WIRE_VERSION, INLINE])
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        let encoded = |kind, value: &dyn erased::Encode| {
            let mut bytes = vec![WIRE_VERSION, kind];
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
            Self::Cancelled => Bytes::from_static(&[WIRE_VERSION, CANCELLED]),
            Self::Panicked(message) => encoded(PANICKED, &message),
            Self::Unreadable(reason) => encoded(UNREADABLE, &reason),
            Self::Refused(by, version) => vec![REFUSAL, by, version].into(),
            Self::Foreign(version) => Self::refusal(version).into_bytes(),
        }
    }

    /// Returns the message that refuses one of this version.
    pub(crate) fn refusal(version: u8) -> Self {
        Self::Refused(WIRE_VERSION, version)
    }

    /// Returns the content of a message, or `None` if it is of another kind.
    pub(crate) fn open(bytes: &Bytes) -> Option<Self> {
        match *bytes.first()? {
            WIRE_VERSION => {}
            REFUSAL => return Some(Self::Refused(*bytes.get(1)?, *bytes.get(2)?)),
            version => return Some(Self::Foreign(version)),
        }
        let (&kind, content) = bytes[1..].split_first()?;
        match kind {
            INLINE => Some(Self::Inline(bytes.slice(HEAD..))),
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

/// Returns the error of a task that its worker refuses, or whose result this program cannot read, because of the versions.
pub(crate) fn other_version(worker: u8, executor: u8) -> RemoteError {
    let message = format!(
        "the worker has version {worker} of the format in which nats-executor exchanges tasks, and the executor has version {executor}: use the same release for both"
    );
    RemoteError::new(RemoteErrorKind::Decode, message)
}

/// Returns the id of the task that a message is about.
pub(crate) fn id_of(message: &Message) -> Option<Id> {
    let headers = message.headers.as_ref()?;
    Id::parse(headers.get(async_nats::header::NATS_MESSAGE_ID)?.as_str())
}

#[cfg(test)]
mod tests {
    use concurrent_futures::{Registry, task};
    use portable_task::encode_call;

    use super::*;

    fn double(n: u32) -> u32 {
        2 * n
    }

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
            Envelope::refusal(9),
        ] {
            let bytes = envelope.clone().into_bytes();
            assert_eq!(Envelope::open(&bytes), Some(envelope));
        }
        assert_eq!(Envelope::open(&Bytes::new()), None);
        for unknown in [
            &[WIRE_VERSION][..],
            &[WIRE_VERSION, 99],
            &[WIRE_VERSION, LOST, 1],
            &[0, 1],
        ] {
            assert_eq!(Envelope::open(&Bytes::from_static(unknown)), None);
        }
    }

    /// If this test fails, programs of the release before would misread messages: change [`WIRE_VERSION`] as well.
    #[test]
    fn the_bytes_of_a_message_are_those_of_its_version() {
        task!(Double = fn double(n: u32) -> u32, name = "golden::double");
        let mut call = Envelope::inline();
        encode_call(Double(300), &mut call).unwrap();
        assert_eq!(call, b"\x01\x00\x0egolden::double\x01\x00\xac\x02");
        let mut reply = Envelope::inline();
        Registry::new()
            .with::<Double>()
            .call_into(&call[HEAD..], &mut reply);
        assert_eq!(reply, b"\x01\x00\x00\xd8\x04");
        let bytes = |envelope: Envelope| envelope.into_bytes();
        assert_eq!(
            bytes(Envelope::Object("x-1.task".to_owned())),
            &b"\x01\x01\x08x-1.task"[..]
        );
        assert_eq!(
            bytes(Envelope::Lost(5, "h:1".to_owned())),
            &b"\x01\x02\x05\x03h:1"[..]
        );
        assert_eq!(
            bytes(Envelope::TooLarge(2000, 1000)),
            &b"\x01\x03\xd0\x0f\xe8\x07"[..]
        );
        assert_eq!(
            bytes(Envelope::TaskTooLarge(2000, 1000)),
            &b"\x01\x04\xd0\x0f\xe8\x07"[..]
        );
        assert_eq!(bytes(Envelope::Cancelled), &b"\x01\x05"[..]);
        assert_eq!(
            bytes(Envelope::Panicked("no".to_owned())),
            &b"\x01\x06\x02no"[..]
        );
        assert_eq!(
            bytes(Envelope::Unreadable("no".to_owned())),
            &b"\x01\x07\x02no"[..]
        );
    }

    /// This form must never change: it is how programs of all versions say that they cannot read each other.
    #[test]
    fn a_message_of_another_version_is_refused_with_both_versions() {
        let newer = Bytes::from_static(b"\x09anything");
        assert_eq!(Envelope::open(&newer), Some(Envelope::Foreign(9)));
        assert_eq!(
            Envelope::refusal(9).into_bytes(),
            [0, WIRE_VERSION, 9].as_slice()
        );
        assert_eq!(
            Envelope::open(&Bytes::from_static(&[0, 3, 1])),
            Some(Envelope::Refused(3, 1))
        );
    }
}
