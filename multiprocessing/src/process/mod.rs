//! Processes that run one task each, as `multiprocessing.Process` of Python.
//!
//! * `ending`: why a process has no value
//! * `handle`: a process without the type of its value
//! * `typed`: a process with the type of its value
//! * `spawn`: starts processes

mod ending;
mod handle;
mod spawn;
mod typed;

pub use ending::ProcessError;
pub use handle::{ProcessHandle, active_children, wait_any};
pub use spawn::{ProcessBuilder, SpawnError};
pub use typed::Process;
