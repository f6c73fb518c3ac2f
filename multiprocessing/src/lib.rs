//! Python's `multiprocessing` for Rust: processes that run one task each, pipes and queues between them, and a manager for
//! the objects that they share.
//!
//! ```standalone_crate
//! use multiprocessing::{Process, Registry, pipe, serve, PipeEnd, task};
//!
//! fn gcd(a: u64, b: u64) -> u64 {
//!     if b == 0 { a } else { gcd(b, a % b) }
//! }
//!
//! fn greet(pipe: PipeEnd<String>) {
//!     let name = pipe.recv().unwrap();
//!     pipe.send(format!("Good day, {name}")).unwrap();
//! }
//!
//! task!(Gcd = fn gcd(a: u64, b: u64) -> u64);
//! task!(Greet = fn greet(pipe: PipeEnd<String>));
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     serve(Registry::new().with::<Gcd>().with::<Greet>()); // does not return in a child process
//!
//!     let process = Process::spawn(Gcd(12, 18))?;
//!     assert_eq!(process.into_result()?, 6);
//!
//!     let (here, there) = pipe::<String, String>()?;
//!     let process = Process::spawn(Greet(there))?;
//!     here.send("Ada".to_owned())?;
//!     assert_eq!(here.recv()?, "Good day, Ada");
//!     process.join();
//!     Ok(())
//! }
//! ```
//!
//! - [`Process`]: a process that runs one task, and its value
//! - [`pipe`]: two ends that travel to other processes
//! - [`Queue`], [`JoinableQueue`]: queues, with or without a manager
//! - [`Manager`]: a process that holds dictionaries, lists, values, locks, conditions, semaphores, events, barriers and
//!   services
//!
//! Below these are the parts that a pool of processes needs, which `concurrent-futures` stands on: [`Launcher`] starts a
//! child in a [`Role`], [`Child`] sends it signals and knows when it has ended, and [`Frame`] and [`Receiver`] are the
//! two halves of the connection. `ProcessPoolExecutor` is there.
//!
//! Unix only: in safe Rust a socket cannot be handed to a new process on Windows, where this crate is empty.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `sync`: locks that survive panics
//! * `program`: the tasks of this program
//! * `connection`: what goes over the socket between two processes
//! * `child`: child processes, as their parent sees them
//! * `roles`: what a child process does, as the child sees it
//! * `manager`: objects that several processes share
//! * `serve`: the entry point of all children
//! * `pipe`: two ends that send values to each other
//! * `process`: a process that runs one task
#![cfg(unix)]

mod child;
mod connection;
pub mod manager;
mod pipe;
mod process;
mod program;
mod roles;
mod serve;
mod sync;

pub use child::{
    Child, LaunchError, Launcher, Refusal, Role, Watch, compare_versions, is_shortage,
};
pub use connection::{Frame, FrameTooLong, Receiver, send_without_waiting};
pub use manager::{
    Array, Barrier, BoundedSemaphore, Condition, Dict, Event, JoinableQueue, List, Lock, LockError,
    Manager, ManagerError, Namespace, Queue, RLock, Semaphore, Service, Value,
};
pub use pipe::{PipeEnd, PipeError, pipe};
pub use portable_task::{Registry, RemoteError, task};
pub use process::{
    Process, ProcessBuilder, ProcessError, ProcessHandle, SpawnError, active_children, wait_any,
};
pub use program::served;
pub use roles::CANCEL;
pub use serve::serve;

/// So that `?` works in a task that returns a [`RemoteError`].
macro_rules! into_remote_error {
    ($($error:ty),*) => {$(
        impl From<$error> for RemoteError {
            fn from(error: $error) -> Self {
                Self::failed(error)
            }
        }
    )*};
}

into_remote_error!(
    LaunchError,
    ManagerError,
    PipeError,
    ProcessError,
    SpawnError
);

impl<G> From<LockError<G>> for RemoteError {
    fn from(error: LockError<G>) -> Self {
        Self::failed(error.to_string())
    }
}

// The examples in the README must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
