//! One task, seen from both ends: the handle and the promise, and those who want to know when it is done.
//!
//! The modules, bottom first; each imports only from those above it in this list:
//!
//! * `queue`: futures in the order in which they are settled
//! * `tally`: how many futures are settled, and how many have failed
//! * `observer`: what is notified when a future is settled
//! * `promise`: the duty to settle a future
//! * `handle`: what its holder may ask, wait for and call off
//! * `awaiting`: the same, awaited

mod awaiting;
mod handle;
mod observer;
mod promise;
mod queue;
mod tally;

pub use awaiting::{OwnedResultFuture, ResultFuture};
pub use handle::Future;
pub(crate) use observer::{Callbacks, Observer, Shared};
pub use promise::Promise;
pub(crate) use queue::Queue;
pub(crate) use tally::Tally;
