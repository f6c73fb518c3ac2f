//! What pools of threads and pools of processes have in common.
//!
//! * `threads`: the threads of a pool, and the wait for their end

mod threads;

#[cfg(all(unix, feature = "processes"))]
pub(crate) use threads::Running;
pub(crate) use threads::{Join, Threads};
