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
//! # Processes
//! A closure cannot be sent to another process, so there a call is a value that implements [`Task`]; the macro `task!` makes
//! such a type of a function. A worker process is this program, started again, which [`serve`] turns into a worker:
//!
//! ```standalone_crate
//! # #[cfg(all(unix, feature = "processes"))]
//! # mod program {
//! use concurrent_futures::{Executor, ExecutorExt, ProcessPoolExecutor, Registry, ThreadPoolExecutor, serve, task};
//!
//! fn is_prime(n: u64) -> bool {
//!     n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d > 0)
//! }
//!
//! task!(IsPrime = fn is_prime(n: u64) -> bool);
//!
//! # pub
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     serve(Registry::new().with::<IsPrime>()); // does not return in a worker process
//!
//!     let executor: Box<dyn Executor<IsPrime>> = match std::env::args().nth(1).as_deref() {
//!         Some("threads") => Box::new(ThreadPoolExecutor::new(2)?),
//!         _ => Box::new(ProcessPoolExecutor::new(2)?),
//!     };
//!     let primes = executor.map([1_000_003, 1_000_004].map(IsPrime))?;
//!     assert_eq!(primes.collect::<Result<Vec<_>, _>>()?, [true, false]);
//!     Ok(())
//! }
//! # }
//! # #[cfg(all(unix, feature = "processes"))]
//! # use program::main;
//! # #[cfg(not(all(unix, feature = "processes")))]
//! # fn main() {}
//! ```
//!
//! # Async
//! A [`Future`] can be awaited on any runtime, which it does not block, and [`as_completed`] becomes a stream:
//!
//! ```
//! # #[cfg(not(loom))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use concurrent_futures::ThreadPoolExecutor;
//!
//! let executor = ThreadPoolExecutor::new(2)?;
//! let letters = executor.submit(|| "seventeen".len())?.await?;
//! assert_eq!(letters, 9);
//! # Ok(())
//! # }
//! # #[cfg(loom)]
//! # fn main() {}
//! ```
//!
//! # Features
//! * `processes` (default): [`ProcessPoolExecutor`], on Unix, and what can be sent to other processes. Without it the crate
//!   needs neither serde nor rustix.
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
//! * `task`: the output of a task that may fail
//! * `chunk`: several tasks that a worker runs as one
//! * `executor`: the trait that all executors implement
//! * `map`: results in input order, on any executor
//! * `pool`: what pools of threads and of processes have in common
//! * `thread_pool`: an executor on threads
//! * `process_pool`: an executor on processes (feature `processes`, Unix only)

mod as_completed;
mod chunk;
mod error;
mod executor;
mod future;
mod map;
mod panics;
mod pool;
#[cfg(all(unix, feature = "processes"))]
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
    BrokenError, BuildError, DistanceError, MapError, SharedError, SubmitError, TaskError,
    TimeoutError, UnfinishedError,
};
pub use executor::Executor;
pub use future::{Future, IntoResultFuture, OwnedResultFuture, Promise, ResultFuture};
pub use map::{ExecutorExt, FallibleMap, Map, MapOptions};
#[cfg(all(unix, feature = "processes"))]
pub use multiprocessing::serve;
#[cfg(feature = "processes")]
pub use portable_task::{
    Bytes, ChunkReply, PortableTask, Registry, RemoteError, RemoteErrorKind, TaskId, task,
};
pub use portable_task::{Context, Current, current, with_context};
#[cfg(all(unix, feature = "processes"))]
pub use process_pool::{OnCrash, ProcessPoolBuilder, ProcessPoolExecutor};
pub use shutdown::Shutdown;
pub use task::{Fallible, Task};
pub use thread_pool::{ScopedExecutor, ThreadPoolBuilder, ThreadPoolExecutor};
pub use wait::{ReturnWhen, WaitResult, wait};

// The examples in the README must compile as well.
#[cfg(all(doctest, unix, feature = "processes"))]
#[doc = include_str!("../README.md")]
struct Readme;
