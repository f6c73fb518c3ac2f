//! A type-erased task that waits for a worker: a frame to send, and the promise that its reply settles.
//!
//! Tasks are encoded when they are submitted. So they need not be `Send`, and their memory is freed at once.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chunk::Chunk;
use crate::error::{BrokenError, TaskError};
use crate::future::{Callbacks, Future, Promise};
use crate::panics::contain;
use crate::task::Fallible;

use super::codec;
use super::frame::{self, Outcome, Request};
use super::task::PortableTask;
use super::worker::call;

/// A task in the queue.
pub(crate) struct Job {
    pub(super) frame: Vec<u8>,
    pub(super) pending: Box<dyn Pending>,
}

/// A job and the future of its task. If the task cannot be encoded, there is no job, and the future holds the error.
type Queued<T> = (Option<Job>, Future<T>);

impl Job {
    /// Encodes a task.
    pub(crate) fn of<K: PortableTask>(task: K) -> Queued<K::Output> {
        Self::pair(encode_task(task), |value: K::Output| Ok(value))
    }

    /// Encodes a task that returns a [`Result`].
    pub(crate) fn of_fallible<K>(task: K) -> Queued<<K::Output as Fallible>::Value>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        Self::pair(encode_task(task), |value: K::Output| {
            value.into_value().map_err(TaskError::failed)
        })
    }

    /// Encodes several tasks that one worker runs in order.
    pub(crate) fn of_chunk<K: PortableTask>(tasks: Vec<K>) -> Queued<Chunk<K::Output>> {
        Self::pair(encode::<K>(Request::Chunk, tasks), |(values, panic)| {
            Ok(Chunk::from_reply(values, panic))
        })
    }

    /// Returns a job without content, for tests of the scheduler.
    #[cfg(test)]
    pub(super) fn empty() -> Self {
        let mut frame = Vec::new();
        frame::begin(&mut frame);
        let pair = Self::pair(Ok(frame), |(): ()| Ok(()));
        pair.0.expect("there is a frame")
    }

    /// Pairs a frame with the future of its outcome. `convert` turns the decoded reply into the outcome.
    fn pair<W, T>(frame: Result<Vec<u8>, TaskError>, convert: Convert<W, T>) -> Queued<T>
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
pub(crate) fn encode_task<K: PortableTask>(task: K) -> Result<Vec<u8>, TaskError> {
    encode::<K>(Request::One, task)
}

fn encode<K: PortableTask>(request: Request, fields: impl Serialize) -> Result<Vec<u8>, TaskError> {
    let mut frame = Vec::new();
    frame::begin(&mut frame);
    let encoded = call(|| {
        codec::append(&mut frame, &K::NAME)?;
        frame.push(request as u8);
        codec::append(&mut frame, &fields)?;
        frame::finish(&mut frame)
    });
    contain(|| drop(fields));
    match encoded.flatten() {
        Ok(()) => Ok(frame),
        Err(message) => Err(TaskError::Encode { message }),
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
        let outcome = read_reply(reply).and_then(|value| {
            let value = call(|| codec::decode(value)).flatten();
            let value = value.map_err(|message| TaskError::Decode { message })?;
            convert(value)
        });
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

/// Returns the encoded value in a reply.
///
/// # Errors
/// The error of the task, if the reply holds one instead.
pub(super) fn read_reply(reply: &[u8]) -> Result<&[u8], TaskError> {
    let (&outcome, rest) = reply.split_first().unwrap_or((&u8::MAX, &[]));
    let message = || String::from_utf8_lossy(rest).into_owned();
    match Outcome::from_byte(outcome) {
        Some(Outcome::Value) => Ok(rest),
        Some(Outcome::Panicked) => Err(panicked(message())),
        Some(Outcome::Undecodable) => Err(TaskError::Decode { message: message() }),
        Some(Outcome::Unencodable) => Err(TaskError::Encode { message: message() }),
        None => Err(TaskError::Decode {
            message: "the worker sent an unknown kind of reply".to_owned(),
        }),
    }
}

/// Returns the error of a task that panicked in another process. The backtrace, if there is one, is on the standard
/// error of the worker.
pub(super) fn panicked(message: String) -> TaskError {
    TaskError::Panicked {
        message,
        backtrace: None,
    }
}
