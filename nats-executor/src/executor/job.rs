//! An encoded task, and the promise that its result settles.

use concurrent_futures::{
    Chunk, ChunkReply, Fallible, Future, PortableTask, Promise, RemoteError, TaskError,
};
use portable_task::{decode_reply, encode_call, encode_chunk};
use serde::de::DeserializeOwned;
use tokio_util::bytes::Bytes;

use crate::envelope::Envelope;

/// A task that is to be sent.
pub(super) struct Job {
    /// The content of its message.
    pub(super) content: Bytes,
    pub(super) pending: Box<dyn Pending>,
}

/// A job and the future of its task. If the task cannot be encoded, there is no job, and the future holds the error.
type Queued<T> = (Option<Job>, Future<T>);

impl Job {
    /// Encodes a task. Calls `withdraw` if it is cancelled while it is pending.
    pub(super) fn of<K: PortableTask>(task: K, withdraw: Withdraw) -> Queued<K::Output> {
        let content = encode(|bytes| encode_call(task, bytes));
        Self::pair(content, withdraw, |value: K::Output| Ok(value))
    }

    /// Encodes a task that returns a [`Result`].
    pub(super) fn of_fallible<K>(
        task: K,
        withdraw: Withdraw,
    ) -> Queued<<K::Output as Fallible>::Value>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        let content = encode(|bytes| encode_call(task, bytes));
        Self::pair(content, withdraw, |value: K::Output| {
            value.into_value().map_err(TaskError::failed)
        })
    }

    /// Encodes several tasks that one worker runs in order.
    pub(super) fn of_chunk<K: PortableTask>(
        tasks: Vec<K>,
        withdraw: Withdraw,
    ) -> Queued<Chunk<K::Output>> {
        let content = encode(|bytes| encode_chunk(tasks, bytes));
        Self::pair(content, withdraw, |reply: ChunkReply<K::Output>| {
            Ok(reply.into())
        })
    }

    fn pair<W, T>(
        content: Result<Bytes, TaskError>,
        withdraw: Withdraw,
        convert: Convert<W, T>,
    ) -> Queued<T>
    where
        W: DeserializeOwned + 'static,
        T: Send + Sync + 'static,
    {
        let (promise, future) = Future::<T>::pair();
        let job = match content {
            Ok(content) => {
                promise.on_cancel(withdraw);
                let pending = Box::new(TypedPromise { promise, convert });
                Some(Self { content, pending })
            }
            Err(error) => {
                promise.set(Err(error));
                None
            }
        };
        (job, future)
    }
}

/// A function that withdraws a cancelled task.
pub(super) type Withdraw = Box<dyn FnOnce() + Send>;

fn encode(
    append: impl FnOnce(&mut Vec<u8>) -> Result<(), RemoteError>,
) -> Result<Bytes, TaskError> {
    let mut bytes = Envelope::inline();
    append(&mut bytes)?;
    Ok(bytes.into())
}

/// The promise of a task.
pub(super) trait Pending: Send {
    /// Marks the task as running, unless it was cancelled.
    fn begin(&self);
    /// Cancels the task if it is pending. Returns whether it is cancelled. Runs callbacks.
    fn cancel(&self) -> bool;
    /// Sets the outcome: a reply as `portable_task` encodes it, or the reason why there is none. Runs callbacks.
    fn settle(self: Box<Self>, reply: Result<Bytes, TaskError>);
}

/// A function that converts a decoded reply to the outcome of its task.
type Convert<W, T> = fn(W) -> Result<T, TaskError>;

/// A promise of a `T`, which is made from a reply that decodes to a `W`.
struct TypedPromise<W, T> {
    promise: Promise<T>,
    convert: Convert<W, T>,
}

impl<W: DeserializeOwned, T: Send + Sync + 'static> Pending for TypedPromise<W, T> {
    fn begin(&self) {
        self.promise.begin();
    }

    fn cancel(&self) -> bool {
        self.promise.cancel()
    }

    fn settle(self: Box<Self>, reply: Result<Bytes, TaskError>) {
        let Self { promise, convert } = *self;
        let value = reply.and_then(|bytes| decode_reply(&bytes).map_err(TaskError::from));
        promise.set(value.and_then(convert));
    }
}
