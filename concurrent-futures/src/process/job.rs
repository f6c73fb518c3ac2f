//! A task that waits for its worker, its types forgotten: a frame to send, and the promise that its reply settles.
//!
//! Tasks are written when they are submitted. So they need not be `Send`, and what they hold is freed at once.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chunk::Chunk;
use crate::error::{BrokenError, TaskError};
use crate::future::{Callbacks, Future, Promise};
use crate::panics::contain;
use crate::task::Fallible;

use super::frame::{self, Outcome, Request};
use super::task::PortableTask;
use super::worker::call;

/// A task in the queue.
pub(crate) struct Job {
    pub(super) frame: Vec<u8>,
    pub(super) pending: Box<dyn Pending>,
}

/// A job and the future of its task; without a job when the task cannot be written, which the future then says.
type Queued<T> = (Option<Job>, Future<T>);

impl Job {
    /// A task whose value is that of its future.
    pub(crate) fn of<K: PortableTask>(task: K) -> Queued<K::Output> {
        Self::pair(encode_task(task), |value: K::Output| Ok(value))
    }

    /// A task that may fail.
    pub(crate) fn of_fallible<K>(task: K) -> Queued<<K::Output as Fallible>::Value>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        Self::pair(encode_task(task), |value: K::Output| {
            value.into_value().map_err(TaskError::failed)
        })
    }

    /// Many tasks for one worker, one after the other.
    pub(crate) fn of_chunk<K: PortableTask>(tasks: Vec<K>) -> Queued<Chunk<K::Output>> {
        Self::pair(encode::<K>(Request::Chunk, tasks), |(values, panic)| {
            Ok(Chunk::ended_by(values, panic))
        })
    }

    /// A job that asks for nothing, for tests of who gets it.
    #[cfg(test)]
    pub(super) fn empty() -> Self {
        let pair = Self::pair(Ok(vec![0]), |(): ()| Ok(()));
        pair.0.expect("there is a frame")
    }

    /// `read`: from what the worker sends to what the future has.
    fn pair<W, T>(frame: Result<Vec<u8>, TaskError>, read: Read<W, T>) -> Queued<T>
    where
        W: DeserializeOwned + 'static,
        T: Send + Sync + 'static,
    {
        let (promise, future) = Future::<T>::pair();
        let job = match frame {
            Ok(frame) => Some(Self {
                frame,
                pending: Box::new(Awaited { promise, read }),
            }),
            Err(error) => {
                promise.set(Err(error));
                None
            }
        };
        (job, future)
    }
}

/// The frame of a task.
///
/// # Errors
/// [`TaskError::Encode`].
pub(crate) fn encode_task<K: PortableTask>(task: K) -> Result<Vec<u8>, TaskError> {
    encode::<K>(Request::One, task)
}

fn encode<K: PortableTask>(request: Request, fields: impl Serialize) -> Result<Vec<u8>, TaskError> {
    let mut frame = Vec::new();
    frame::begin(&mut frame);
    let written = call(|| {
        frame::append(&mut frame, &K::NAME)?;
        frame.push(request as u8);
        frame::append(&mut frame, &fields)?;
        frame::finish(&mut frame)
    });
    contain(|| drop(fields));
    match written.flatten() {
        Ok(()) => Ok(frame),
        Err(message) => Err(TaskError::Encode { message }),
    }
}

/// What is left of a task once it is sent: somebody waits for its outcome. Callbacks are returned and not run, so that
/// many tasks can be settled before the first callback, which may wait for any of them.
pub(super) trait Pending: Send {
    /// Marks the task as running; false when it was cancelled and must not run.
    fn begin(&self) -> bool;
    fn settle(self: Box<Self>, reply: &[u8]) -> Option<CallbacksToRun>;
    fn cancel(self: Box<Self>) -> Option<CallbacksToRun>;
    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<CallbacksToRun>;
}

pub(super) type CallbacksToRun = Box<dyn FnOnce()>;

/// From what came to what it means.
type Read<W, T> = fn(W) -> Result<T, TaskError>;

/// A promise of a `T`, to be read from a `W` that comes.
struct Awaited<W, T> {
    promise: Promise<T>,
    read: Read<W, T>,
}

impl<W: DeserializeOwned, T: Send + Sync + 'static> Pending for Awaited<W, T> {
    fn begin(&self) -> bool {
        self.promise.begin()
    }

    fn settle(self: Box<Self>, reply: &[u8]) -> Option<CallbacksToRun> {
        let Self { promise, read } = *self;
        let outcome = read_reply(reply).and_then(|value| {
            let value = call(|| frame::decode(value)).flatten();
            let value = value.map_err(|message| TaskError::Decode { message })?;
            read(value)
        });
        let callbacks = promise.fulfil(outcome);
        (!callbacks.is_empty()).then(|| boxed(callbacks))
    }

    fn cancel(self: Box<Self>) -> Option<CallbacksToRun> {
        self.promise.cancel().map(boxed)
    }

    fn settle_broken(self: Box<Self>, broken: BrokenError) -> Option<CallbacksToRun> {
        self.promise.settle_broken(broken).map(boxed)
    }
}

fn boxed<T: Send + Sync + 'static>(callbacks: Callbacks<T>) -> CallbacksToRun {
    Box::new(|| callbacks.run())
}

/// The bytes of the value, or why there is none.
pub(super) fn read_reply(reply: &[u8]) -> Result<&[u8], TaskError> {
    let (&outcome, rest) = reply.split_first().unwrap_or((&u8::MAX, &[]));
    let words = || String::from_utf8_lossy(rest).into_owned();
    match Outcome::of_byte(outcome) {
        Some(Outcome::Value) => Ok(rest),
        Some(Outcome::Panicked) => Err(panicked(words())),
        Some(Outcome::Undecodable) => Err(TaskError::Decode { message: words() }),
        Some(Outcome::Unencodable) => Err(TaskError::Encode { message: words() }),
        None => Err(TaskError::Decode {
            message: "the worker sent an unknown kind of reply".to_owned(),
        }),
    }
}

/// The panic of a task elsewhere. Its backtrace, if there is one, is on the standard error of the worker.
pub(super) fn panicked(message: String) -> TaskError {
    TaskError::Panicked {
        message,
        backtrace: None,
    }
}
