//! Python's `concurrent.futures` for Rust: hand calls to a bounded pool of threads, get a handle for each, and take the
//! results in the order in which they come.
//!
//! ```
//! use std::collections::HashMap;
//! use concurrent_futures::{ThreadPoolExecutor, as_completed};
//!
//! let executor = ThreadPoolExecutor::new(4)?;
//! let mut to_do_map = HashMap::new();
//! for word in ["one", "three", "seventeen"] {
//!     let future = executor.submit(move || word.len())?;
//!     to_do_map.insert(future, word);
//! }
//! for future in as_completed(to_do_map.keys().cloned()) {
//!     let word = to_do_map[&future];
//!     match future.result() {
//!         Ok(length) => assert_eq!(*length, word.len()),
//!         Err(error) => println!("{word}: {error}"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules, bottom floor first; each imports only from those above it in this list:
//!
//! * `error`: why a task has no value, why a task was not taken
//! * `future`: the handle of one task, and the promise at its other end
//! * `waiting`: many futures at once
//! * `thread_pool`: an executor on threads

mod error;
mod future;
mod thread_pool;
mod waiting;

pub use error::{Broken, BuildError, SubmitError, TaskError};
pub use future::Future;
pub use thread_pool::{ThreadPoolBuilder, ThreadPoolExecutor};
pub use waiting::{AsCompleted, as_completed};

// The example of the README must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
