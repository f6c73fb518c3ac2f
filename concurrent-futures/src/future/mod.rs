//! One task from both sides, the handle that waits and the promise that settles, and the observers between them.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `queue`: futures in the order in which they are settled
//! * `tally`: counts how many futures are settled, and how many have failed
//! * `callbacks`: runs callbacks one after the other
//! * `observer`: the observers that are notified when a future is settled
//! * `promise`: the write side, which settles a future
//! * `handle`: the read side, which queries, waits for and cancels a task
//! * `awaiting`: support for `.await`

mod awaiting;
mod callbacks;
mod handle;
mod observer;
mod promise;
mod queue;
mod tally;

pub use awaiting::{IntoResultFuture, OwnedResultFuture, ResultFuture};
pub(crate) use callbacks::Callbacks;
pub use handle::Future;
pub(crate) use observer::{Cell, Observer, Shared};
pub use promise::Promise;
pub(crate) use queue::Queue;
pub(crate) use tally::Tally;
