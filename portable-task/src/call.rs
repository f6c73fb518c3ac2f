//! The encoding of calls and replies.
//!
//! A call consists of the name of a task, its version, a byte that distinguishes a single task from a chunk, and the
//! fields. A reply consists of one byte for the outcome, and the value or the error. All parts are encoded with postcard.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::error::{RemoteError, RemoteErrorKind};
use crate::panics::{catch, contain};
use crate::portable::PortableTask;

/// The kind of a call: the byte after the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum CallKind {
    /// A single task, whose fields follow.
    One,
    /// A list of tasks, to be run one after the other until one panics.
    Chunk,
}

/// The outcome of a call: the first byte of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// The value follows.
    Value,
    /// A [`RemoteError`] follows.
    Error,
}

/// The values of a chunk of tasks, up to the first task that has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkReply<T> {
    /// The values of the tasks before the first one that failed, in order.
    pub values: Vec<T>,
    /// The reason why the next task has no value; `None` if all tasks have one.
    pub error: Option<RemoteError>,
}

/// Appends a call of `task` to `call`, for [`Registry::call`](crate::Registry::call).
///
/// The crate's front page has an example.
///
/// # Errors
/// Of the kind [`Encode`](RemoteErrorKind::Encode), if the task cannot be encoded, panics while it is, or needs more than
/// 1 GiB. `call` then ends with a part of the encoding.
pub fn encode_call<K: PortableTask>(task: K, call: &mut Vec<u8>) -> Result<(), RemoteError> {
    append::<K>(CallKind::One, task, call)
}

/// Appends a call of several tasks to `call`, to be run one after the other. The reply is a [`ChunkReply`].
///
/// ```
/// use portable_task::{ChunkReply, Registry, decode_reply, encode_chunk, task};
///
/// fn tenth(n: u32) -> u32 {
///     10 / n
/// }
///
/// task!(Tenth = fn tenth(n: u32) -> u32);
///
/// let mut call = Vec::new();
/// encode_chunk(vec![Tenth(5), Tenth(0), Tenth(2)], &mut call)?;
/// let reply = Registry::new().with::<Tenth>().call(&call);
/// let chunk: ChunkReply<u32> = decode_reply(&reply)?;
/// assert_eq!(chunk.values, [2]);
/// assert_eq!(chunk.error.unwrap().message, "attempt to divide by zero");
/// # Ok::<(), portable_task::RemoteError>(())
/// ```
///
/// # Errors
/// Those of [`encode_call`].
pub fn encode_chunk<K: PortableTask>(tasks: Vec<K>, call: &mut Vec<u8>) -> Result<(), RemoteError> {
    append::<K>(CallKind::Chunk, tasks, call)
}

fn append<K: PortableTask>(
    kind: CallKind,
    fields: impl Serialize,
    call: &mut Vec<u8>,
) -> Result<(), RemoteError> {
    let encoded = catch(|| {
        codec::append(call, &(K::NAME, K::VERSION, kind as u8))?;
        codec::append(call, &fields)
    });
    contain(|| drop(fields));
    encoded
        .flatten()
        .map_err(|message| RemoteError::new(RemoteErrorKind::Encode, message))
}

/// Returns the value in a reply of [`Registry::call`](crate::Registry::call).
///
/// The crate's front page has an example.
///
/// # Errors
/// The error of the task, if the reply holds one instead. Of the kind [`Decode`](RemoteErrorKind::Decode), if the reply
/// does not hold a `T`.
pub fn decode_reply<T: DeserializeOwned>(reply: &[u8]) -> Result<T, RemoteError> {
    split(reply).and_then(decode)
}

/// Returns the error in a reply of [`Registry::call`](crate::Registry::call), and `None` if it holds a value. The type of the
/// value need not be known.
///
/// ```
/// use portable_task::{Registry, RemoteErrorKind, encode_call, reply_error, task};
///
/// fn tenth(n: u32) -> u32 {
///     10 / n
/// }
///
/// task!(Tenth = fn tenth(n: u32) -> u32);
///
/// let registry = Registry::new().with::<Tenth>();
/// let (mut good, mut bad) = (Vec::new(), Vec::new());
/// encode_call(Tenth(5), &mut good)?;
/// encode_call(Tenth(0), &mut bad)?;
/// assert_eq!(reply_error(&registry.call(&good)), None);
/// let error = reply_error(&registry.call(&bad)).unwrap();
/// assert_eq!(error.kind, RemoteErrorKind::Panicked);
/// assert_eq!(reply_error(b"?").unwrap().kind, RemoteErrorKind::Decode);
/// # Ok::<(), portable_task::RemoteError>(())
/// ```
pub fn reply_error(reply: &[u8]) -> Option<RemoteError> {
    split(reply).err()
}

/// Returns the encoded value in a reply.
///
/// # Errors
/// The error in the reply.
fn split(reply: &[u8]) -> Result<&[u8], RemoteError> {
    let undecodable = |message| RemoteError::new(RemoteErrorKind::Decode, message);
    match reply.split_first() {
        Some((&outcome, value)) if outcome == Outcome::Value as u8 => Ok(value),
        Some((&outcome, error)) if outcome == Outcome::Error as u8 => {
            Err(decode_contained(error).unwrap_or_else(undecodable))
        }
        _ => Err(undecodable("unknown kind of reply".to_owned())),
    }
}

/// Appends the encoding of a value that is not a task, with the bounds of a task.
///
/// ```
/// let mut bytes = Vec::new();
/// portable_task::encode(&("br", 76_u32), &mut bytes)?;
/// assert_eq!(portable_task::decode::<(String, u32)>(&bytes), Ok(("br".to_owned(), 76)));
/// # Ok::<(), portable_task::RemoteError>(())
/// ```
///
/// # Errors
/// Those of [`encode_call`].
pub fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<(), RemoteError> {
    let encoded = catch(|| codec::append(bytes, value)).flatten();
    encoded.map_err(|message| RemoteError::new(RemoteErrorKind::Encode, message))
}

/// Returns the value that [`encode`] has encoded.
///
/// # Errors
/// Of the kind [`Decode`](RemoteErrorKind::Decode), if the bytes are not the encoding of a `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RemoteError> {
    decode_contained(bytes).map_err(|message| RemoteError::new(RemoteErrorKind::Decode, message))
}

/// Decodes a value. Its type may panic meanwhile.
pub(crate) fn decode_contained<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    catch(|| codec::decode(bytes)).flatten()
}
