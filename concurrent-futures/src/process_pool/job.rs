//! A type-erased task that waits for a worker: a frame to send, and the promise that its reply settles.
//!
//! Tasks are encoded when they are submitted. So they need not be `Send`, and their memory is freed at once.

use multiprocessing::Frame;
use portable_task::{
    ChunkReply, PortableTask, RemoteError, decode_reply, encode_call, encode_chunk,
};
use serde::de::DeserializeOwned;

use crate::chunk::Chunk;
use crate::error::{BrokenError, TaskError};
use crate::future::{Callbacks, Future, Promise};
use crate::task::Fallible;

/// A task in the queue.
pub(super) struct Job {
    pub(super) frame: Frame,
    pub(super) pending: Box<dyn Pending>,
}

/// A job and the future of its task. If the task cannot be encoded, there is no job, and the future holds the error.
type Queued<T> = (Option<Job>, Future<T>);

impl Job {
    /// Encodes a task.
    pub(super) fn of<K: PortableTask>(task: K) -> Queued<K::Output> {
        Self::pair(encode_task(task), |value: K::Output| Ok(value))
    }

    /// Encodes a task that returns a [`Result`].
    pub(super) fn of_fallible<K>(task: K) -> Queued<<K::Output as Fallible>::Value>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        Self::pair(encode_task(task), |value: K::Output| {
            value.into_value().map_err(TaskError::failed)
        })
    }

    /// Encodes several tasks that one worker runs in order.
    pub(super) fn of_chunk<K: PortableTask>(tasks: Vec<K>) -> Queued<Chunk<K::Output>> {
        let frame = complete(|body| encode_chunk(tasks, body));
        Self::pair(frame, |reply: ChunkReply<K::Output>| Ok(reply.into()))
    }

    /// Returns a job without content, for tests of the scheduler.
    #[cfg(test)]
    pub(super) fn empty() -> Self {
        let pair = Self::pair(complete(|_| Ok(())), |(): ()| Ok(()));
        pair.0.expect("there is a frame")
    }

    /// Pairs a frame with the future of its outcome. `convert` turns the decoded reply into the outcome.
    fn pair<W, T>(frame: Result<Frame, TaskError>, convert: Convert<W, T>) -> Queued<T>
    where
        W: DeserializeOwned + 'static,
        T: Send + Sync + 'static,
    {
        let (promise, future) = Future::<T>::pair();
        let job = match frame {
            Ok(frame) => Some(Self {
                frame,
                pending: Box::new(TypedPromise { promise, convert }),
            }),
            Err(error) => {
                promise.set(Err(error));
                None
            }
        };
        (job, future)
    }
}

/// Encodes a task as a frame.
///
/// # Errors
/// [`TaskError::Encode`] if the task cannot be encoded.
pub(super) fn encode_task<K: PortableTask>(task: K) -> Result<Frame, TaskError> {
    complete(|body| encode_call(task, body))
}

/// Returns the frame whose body `encode` appends. Its number is still open.
fn complete(
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), RemoteError>,
) -> Result<Frame, TaskError> {
    let mut frame = Frame::new();
    encode(frame.body())?;
    match frame.finish(0) {
        Ok(()) => Ok(frame),
        Err(error) => Err(TaskError::encode(error.to_string())),
    }
}

/// The promise of a task, which stays here when the task is sent. Callbacks are returned and not run, so that many
/// tasks can be settled before the first callback, which may wait for any of them.
pub(super) trait Pending: Send {
    /// Marks the task as running. Returns false if it was cancelled and must not run.
    fn begin(&self) -> bool;
    fn settle(self: Box<Self>, reply: &[u8]) -> Option<CallbacksToRun>;
    fn cancel(self: Box<Self>) -> Option<CallbacksToRun>;
    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<CallbacksToRun>;
}

pub(super) type CallbacksToRun = Box<dyn FnOnce()>;

/// A function that converts a decoded reply to the outcome of its task.
type Convert<W, T> = fn(W) -> Result<T, TaskError>;

/// A promise of a `T`, which is made from a reply that decodes to a `W`.
struct TypedPromise<W, T> {
    promise: Promise<T>,
    convert: Convert<W, T>,
}

impl<W: DeserializeOwned, T: Send + Sync + 'static> Pending for TypedPromise<W, T> {
    fn begin(&self) -> bool {
        self.promise.begin()
    }

    fn settle(self: Box<Self>, reply: &[u8]) -> Option<CallbacksToRun> {
        let Self { promise, convert } = *self;
        let value = decode_reply(reply).map_err(TaskError::from);
        let outcome = value.and_then(convert);
        let callbacks = promise.fulfil(outcome);
        (!callbacks.is_empty()).then(|| boxed(callbacks))
    }

    fn cancel(self: Box<Self>) -> Option<CallbacksToRun> {
        self.promise.settle_cancelled().map(boxed)
    }

    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<CallbacksToRun> {
        self.promise.settle_broken(broken).map(boxed)
    }
}

fn boxed(callbacks: Callbacks) -> CallbacksToRun {
    Box::new(|| callbacks.run())
}
