//! Child processes that run tasks: this program, started again in another role, with a connection to its parent.
//!
//! This crate is the floor below `concurrent-futures`, whose `ProcessPoolExecutor` is what most programs want. Here are
//! the parts: starting a child, recognising it, sending it numbered requests, and knowing when it has ended. The module
//! [`manager`] has objects that several processes share: queues, dictionaries, locks and more.
//!
//! ```standalone_crate
//! use std::io::Write;
//! use std::time::Duration;
//! use multiprocessing::{Frame, Launcher, Receiver, Registry, Role, serve};
//! use portable_task::{decode_reply, encode_call, task};
//!
//! fn gcd(a: u64, b: u64) -> u64 {
//!     if b == 0 { a } else { gcd(b, a % b) }
//! }
//!
//! task!(Gcd = fn gcd(a: u64, b: u64) -> u64);
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     serve(Registry::new().with::<Gcd>()); // does not return in a child
//!
//!     let (child, mut socket) = Launcher::this_program(Role::Worker)?.launch()?;
//!     let mut receiver = Receiver::new();
//!     let tasks = receiver.receive_announcement(&socket, Role::Worker, Duration::from_secs(10))?;
//!     assert_eq!(tasks.len(), 1);
//!
//!     let mut request = Frame::new();
//!     encode_call(Gcd(12, 18), request.body())?;
//!     request.finish(1)?;
//!     socket.write_all(request.as_bytes())?;
//!
//!     let mut reply = Vec::new();
//!     assert_eq!(receiver.receive(&socket, &mut reply)?, Some(1));
//!     assert_eq!(decode_reply::<u64>(&reply), Ok(6));
//!     drop(socket); // the child ends
//!     child.end();
//!     Ok(())
//! }
//! ```
//!
//! Unix only: in safe Rust a socket cannot be handed to a new process on Windows, where this crate is empty.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
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
