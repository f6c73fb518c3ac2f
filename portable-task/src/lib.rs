//! Tasks that can be sent to another process or another machine: a [`Task`] is a value with a name and a `run` method,
//! and a [`Registry`] runs the tasks that arrive as bytes.
//!
//! ```
//! use portable_task::{Registry, decode_reply, encode_call, task};
//!
//! fn gcd(a: u64, b: u64) -> u64 {
//!     if b == 0 { a } else { gcd(b, a % b) }
//! }
//!
//! task!(Gcd = fn gcd(a: u64, b: u64) -> u64);
//!
//! // Where the task is needed:
//! let mut call = Vec::new();
//! encode_call(Gcd(12, 18), &mut call)?;
//! // Where it runs, after the bytes have been sent there:
//! let reply = Registry::new().with::<Gcd>().call(&call);
//! // And back again:
//! assert_eq!(decode_reply::<u64>(&reply), Ok(6));
//! # Ok::<(), portable_task::RemoteError>(())
//! ```
//!
//! This crate does not send anything: it knows neither processes nor sockets. `multiprocessing` runs tasks in child
//! processes, and `concurrent-futures` has pools of them.
//!
//! # Features
//! `wire` (default): everything that encodes. Without it there are only [`Task`], [`current`] and [`panics`], and no
//! dependencies.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `panics`: catches the panics of tasks
//! * `task`: what a task is
//! * `current`: what a running task may ask of its executor
//! * `error`: errors that can be sent
//! * `codec`: the encoding of values, within bounds
//! * `bytes`: byte strings that are encoded fast
//! * `portable`: tasks that can be sent
//! * `call`: the encoding of calls and replies
//! * `registry`: runs tasks by their names
//! * `macros`: makes a task of a function

#[cfg(feature = "wire")]
mod bytes;
#[cfg(feature = "wire")]
mod call;
#[cfg(feature = "wire")]
mod codec;
mod current;
#[cfg(feature = "wire")]
mod error;
#[cfg(feature = "wire")]
mod macros;
pub mod panics;
#[cfg(feature = "wire")]
mod portable;
#[cfg(feature = "wire")]
mod registry;
mod task;

#[cfg(feature = "wire")]
pub use bytes::Bytes;
#[cfg(feature = "wire")]
pub use call::{ChunkReply, decode, decode_reply, encode, encode_call, encode_chunk, reply_error};
pub use current::{Context, Current, current, with_context};
#[cfg(feature = "wire")]
pub use error::{RemoteError, RemoteErrorKind};
#[cfg(feature = "wire")]
pub use portable::PortableTask;
#[cfg(feature = "wire")]
pub use registry::{Registry, TaskId};
pub use task::Task;

/// For the macro `task!` only.
#[cfg(feature = "wire")]
#[doc(hidden)]
pub use serde;

// The examples in the README must compile as well.
#[cfg(all(doctest, feature = "wire"))]
#[doc = include_str!("../README.md")]
struct Readme;
