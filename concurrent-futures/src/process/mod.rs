//! What lies under an executor on processes; each module imports only from those above it in this list:
//!
//! * `frame`: how tasks and replies are written on a stream
//! * `task`: what a task is
//! * `worker`: the other side, which runs tasks
//! * `launch`: how a worker is started
//! * `job`: a task that waits for its worker, its types forgotten
//! * `scheduler`: which worker gets which task
//! * `pool`: the threads that talk to the workers

mod frame;
mod job;
mod launch;
mod pool;
mod scheduler;
mod task;
mod worker;

pub(crate) use job::{Job, encode_task};
pub(crate) use launch::Launcher;
pub(crate) use pool::{Pool, Settings};
pub(crate) use scheduler::Rules;
pub use task::PortableTask;
pub use worker::Registry;
pub(crate) use worker::{is_astray, is_serving};
