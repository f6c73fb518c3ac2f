//! Python's `concurrent.futures` for Rust: submit calls to a bounded pool of threads or of processes, get a future for each,
//! and take the results in the order in which they come.
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
//! * `sync`: the parts of the standard library that loom can stand in for
//! * `error`: why a task has no value, why a task was not taken
//! * `shutdown`: the settings of a shutdown
//! * `panics`: calls into what the user wrote
//! * `state`: the life of one future
//! * `future`: one task seen from both ends, the handle and the promise
//! * `wait`: many futures at once, until some or all are done
//! * `as_completed`: many futures, in the order in which they are done
//! * `task`: what an executor runs
//! * `chunk`: many tasks that go to a worker as one
//! * `executor`: what all executors have in common
//! * `map`: results in the order of the input, on any executor
//! * `thread_pool`: an executor on threads
//! * `process`: what two processes say to each other, and which worker gets which task (Unix only)
//! * `process_pool`: an executor on processes (Unix only)

mod as_completed;
mod chunk;
mod error;
mod executor;
mod future;
mod map;
mod panics;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod process_pool;
mod shutdown;
mod state;
mod sync;
mod task;
mod thread_pool;
mod wait;

pub use as_completed::{AsCompleted, AsCompletedWithin, as_completed};
pub use chunk::Chunk;
pub use error::{
    BrokenError, BuildError, MapError, SharedError, SubmitError, TaskError, TimeoutError,
    UnfinishedError,
};
pub use executor::Executor;
pub use future::{Future, OwnedResultFuture, Promise, ResultFuture};
pub use map::{ExecutorExt, FallibleMap, Map, MapOptions};
#[cfg(unix)]
pub use process::{PortableTask, Registry};
#[cfg(unix)]
pub use process_pool::{OnCrash, ProcessPoolBuilder, ProcessPoolExecutor};
pub use shutdown::Shutdown;
pub use task::{Fallible, Task};
pub use thread_pool::{ScopedExecutor, ThreadPoolBuilder, ThreadPoolExecutor};
pub use wait::{ReturnWhen, WaitResult, wait};

// The example of the README must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
