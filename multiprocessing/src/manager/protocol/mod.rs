//! What the clients of a manager and the manager say to each other.
//!
//! After the greeting, each request is a frame with a number, and its reply has the same number. A request with the number
//! [`UNANSWERED`] has no reply. A client must not send a request while another one of its requests waits. The bodies are
//! encoded with postcard.
//!
//! * `encoding`: the encoding of values
//! * `random`: random bytes from the system
//! * `user`: which users' processes talk to each other
//! * `hello`: how clients and manager recognise each other

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::encoding::Blob;

pub(crate) mod encoding;
pub(crate) mod hello;
pub(crate) mod random;
pub(crate) mod user;

/// The number of a request whose reply is not sent.
pub(crate) const UNANSWERED: u64 = 0;

/// The number of an object, unique within its manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ObjectId(pub(crate) u64);

/// How long a request may wait; `None` for as long as it takes.
pub(crate) type Wait = Option<Duration>;

/// A request that does not wait.
pub(crate) const AT_ONCE: Wait = Some(Duration::ZERO);

/// What a client requests.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Create(New),
    Status,
    Queue(ObjectId, QueueRequest),
    Map(ObjectId, MapRequest),
    List(ObjectId, ListRequest),
    Lock(ObjectId, LockRequest),
    Condition(ObjectId, ConditionRequest),
    Semaphore(ObjectId, SemaphoreRequest),
    Event(ObjectId, EventRequest),
    Barrier(ObjectId, BarrierRequest),
    /// A call of a task in a service.
    Call(ObjectId, Blob),
}

impl Request {
    /// Returns the object that the request is for. For requests without one this is 0, the number of no object.
    pub(crate) fn object(&self) -> ObjectId {
        match self {
            Self::Create(_) | Self::Status => ObjectId(0),
            Self::Queue(id, _)
            | Self::Map(id, _)
            | Self::List(id, _)
            | Self::Lock(id, _)
            | Self::Condition(id, _)
            | Self::Semaphore(id, _)
            | Self::Event(id, _)
            | Self::Barrier(id, _)
            | Self::Call(id, _) => *id,
        }
    }
}

/// An object to create.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum New {
    Queue {
        bound: Option<u64>,
        joinable: bool,
    },
    Map,
    List(Vec<Blob>),
    Lock {
        reentrant: bool,
    },
    /// A condition of this lock.
    Condition(ObjectId),
    Semaphore {
        permits: u64,
        bounded: bool,
    },
    Event,
    Barrier {
        parties: u64,
    },
    /// A service whose state this task sets.
    Service(Blob),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum QueueRequest {
    Put(Blob, Wait),
    Get(Wait),
    Len,
    /// The item with this number is done.
    Done(u64),
    /// The item with this number is to be handed out again.
    Return(u64),
    /// Waits until all items are done.
    Join(Wait),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum MapRequest {
    Get(Blob),
    Insert(Blob, Blob),
    Remove(Blob),
    Contains(Blob),
    Len,
    Keys,
    Items,
    Clear,
    GetOrInsert(Blob, Blob),
    GetVersioned(Blob),
    /// Replaces or removes a value if it still has this version.
    Swap {
        key: Blob,
        version: u64,
        new: Option<Blob>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ListRequest {
    Extend(Vec<Blob>),
    Pop,
    Get(u64),
    Set(u64, Blob),
    Insert(u64, Blob),
    Remove(u64),
    Len,
    All,
    Clear,
    GetVersioned(u64),
    /// Replaces an element if it still has this version.
    Swap {
        index: u64,
        version: u64,
        new: Blob,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum LockRequest {
    Acquire(Wait),
    Release,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ConditionRequest {
    Wait(Wait),
    NotifyOne,
    NotifyAll,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum SemaphoreRequest {
    Acquire(Wait),
    /// Returns a permit of this client.
    Return,
    /// This client keeps a permit forever.
    Forget,
    /// Adds a permit.
    Release,
    Available,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum EventRequest {
    Set,
    Clear,
    IsSet,
    Wait(Wait),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum BarrierRequest {
    Wait(Wait),
    Abort,
    Reset,
    IsBroken,
    Parties,
    Waiting,
}

/// What the manager replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    Done,
    TimedOut,
    Created(ObjectId),
    Is(bool),
    Count(u64),
    Value(Option<Blob>),
    /// An item of a queue, with its number.
    Item(u64, Blob),
    Values(Vec<Blob>),
    Pairs(Vec<(Blob, Blob)>),
    /// A value with its version. An absent value has a version too.
    Versioned(Option<Blob>, u64),
    Locked {
        owner_died: bool,
        /// Whether a condition was notified, and not only waited for long enough.
        notified: bool,
    },
    /// The reply of a task in a service.
    Called(Blob),
    Status {
        clients: u64,
        objects: u64,
        waiting: u64,
    },
    Fault(Fault),
}

impl Reply {
    /// Returns the number of bytes of the encoding of the values in it.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Value(Some(value)) | Self::Item(_, value) | Self::Called(value) => bytes(value),
            Self::Versioned(Some(value), _) => bytes(value),
            Self::Values(values) => values.iter().map(bytes).sum(),
            Self::Pairs(pairs) => {
                let lengths = pairs.iter().map(|(key, value)| bytes(key) + bytes(value));
                lengths.sum()
            }
            _ => 0,
        }
    }
}

/// Returns the number of bytes of the encoding of a value: its own, and its length with seven bits in each byte.
fn bytes(value: &Blob) -> usize {
    let length = value.len();
    let bits = usize::BITS - (length | 1).leading_zeros();
    bits.div_ceil(7) as usize + length
}

/// Why the manager does not do what a client requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    NoObject,
    OutOfRange {
        index: u64,
        len: u64,
    },
    Deadlock,
    NotOwner,
    AboveBound,
    BrokenBarrier,
    TooLong,
    /// The system cannot start the thread of a service, or the thread has ended. Holds the message.
    NoThread(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_reply_are_those_of_its_encoding() {
        // The lengths around which the encoding of a length becomes longer.
        let lengths = [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152];
        let blobs = || lengths.iter().map(|length| Blob::new(vec![7; *length]));
        let largest = || blobs().next_back();
        for reply in [
            Reply::Value(largest()),
            Reply::Item(7, largest().unwrap()),
            Reply::Called(largest().unwrap()),
            Reply::Versioned(largest(), 7),
            Reply::Values(blobs().collect()),
            Reply::Values(vec![Blob::new(vec![7]); 100_000]),
            Reply::Pairs(blobs().zip(blobs().rev()).collect()),
        ] {
            let encoded = postcard::to_stdvec(&reply).unwrap().len();
            // The kind of the reply, and perhaps a number or a length.
            let rest = encoded - reply.bytes();
            assert!((1..=10).contains(&rest), "{rest} bytes more in {reply:?}");
        }
    }
}
