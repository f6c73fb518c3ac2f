//! Child processes that run tasks: this program, started again in another role, with a connection to its parent.
//!
//! This crate is the floor below `concurrent-futures`, whose `ProcessPoolExecutor` is what most programs want. Here are
//! the parts: starting a child, recognising it, sending it numbered requests, and knowing when it has ended.
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
//! * `frame`: the frames of a connection
//! * `sender`: the sending half of a connection
//! * `receiver`: the receiving half of a connection
//! * `role`: the roles in which this program can be started again
//! * `handshake`: recognises a child in its role
//! * `child`: a child process, and signals to it
//! * `watch`: notices the end of children
//! * `parent_watch`: ends a child with its parent
//! * `worker`: the role of running tasks
//! * `serve`: the entry point of all roles
//! * `launch`: starts a child
#![cfg(unix)]

mod child;
mod frame;
mod handshake;
mod launch;
mod parent_watch;
mod receiver;
mod role;
mod sender;
mod serve;
mod watch;
mod worker;

pub use child::Child;
pub use frame::{Frame, FrameTooLong};
pub use handshake::{Refusal, compare_versions};
pub use launch::{LaunchError, Launcher, is_shortage};
pub use portable_task::Registry;
pub use receiver::Receiver;
pub use role::Role;
pub use sender::send_without_waiting;
pub use serve::{serve, served};
pub use watch::Watch;
pub use worker::CANCEL;
