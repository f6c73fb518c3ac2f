//! Python's `concurrent.futures` for Rust: submit calls to a bounded pool of threads or processes, get a future for
//! each call, and take the results as they complete.
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
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `sync`: the parts of the standard library that loom replaces
//! * `error`: the errors of tasks, submissions, waits and builders
//! * `shutdown`: the settings of a shutdown
//! * `panics`: calls user code and catches its panics
//! * `state`: the state machine of one future
//! * `future`: the handle of a task, and the promise that settles it
//! * `wait`: waits until some or all of many futures are done
//! * `as_completed`: yields many futures in order of completion
//! * `task`: the work that an executor runs
//! * `chunk`: several tasks that a worker runs as one
//! * `executor`: the trait that all executors implement
//! * `map`: results in input order, on any executor
//! * `thread_pool`: an executor on threads
//! * `process`: worker processes, their protocol and the scheduling of tasks (Unix only)
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

pub use as_completed::{AsCompleted, AsCompletedStream, AsCompletedWithin, as_completed};
pub use chunk::Chunk;
pub use error::{
    BrokenError, BuildError, MapError, SharedError, SubmitError, TaskError, TimeoutError,
    UnfinishedError,
};
pub use executor::Executor;
pub use future::{Future, IntoResultFuture, OwnedResultFuture, Promise, ResultFuture};
pub use map::{ExecutorExt, FallibleMap, Map, MapOptions};
#[cfg(unix)]
pub use process::{PortableTask, Registry};
#[cfg(unix)]
pub use process_pool::{OnCrash, ProcessPoolBuilder, ProcessPoolExecutor};
pub use shutdown::Shutdown;
pub use task::{Fallible, Task};
pub use thread_pool::{ScopedExecutor, ThreadPoolBuilder, ThreadPoolExecutor};
pub use wait::{ReturnWhen, WaitResult, wait};

// The examples in the README must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
