//! One task, seen from both ends: the handle and the promise, and those who want to know when it is done.
//!
//! * `observer`: whom a future that is settled has to tell
//! * `promise`: the duty to settle a future
//! * `handle`: what its holder may ask, wait for and call off
//! * `awaiting`: the same, awaited

mod awaiting;
mod handle;
mod observer;
mod promise;

pub use awaiting::{Lent, Taken};
pub use handle::Future;
pub(crate) use observer::{Observer, Queue, Tally};
pub(crate) use promise::Callbacks;
pub use promise::Promise;
