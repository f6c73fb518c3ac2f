//! Worker processes, the protocol that they speak, and the threads that talk to them.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `codec`: the encoding of values, within bounds
//! * `frame`: the encoding of tasks and replies on a stream
//! * `task`: tasks that can be sent to another process
//! * `worker`: the worker's side, which runs tasks
//! * `announcement`: recognises workers
//! * `watch`: notices the end of workers
//! * `launch`: starts a worker
//! * `job`: a type-erased task that waits for a worker
//! * `scheduler`: decides which worker gets which task
//! * `pool`: the threads that talk to the workers

mod announcement;
mod codec;
mod frame;
mod job;
mod launch;
mod pool;
mod scheduler;
mod task;
mod watch;
mod worker;

pub(crate) use job::{Job, encode_task};
pub(crate) use launch::Launcher;
pub(crate) use pool::{Pool, Settings};
pub(crate) use scheduler::Rules;
pub use task::PortableTask;
pub use worker::Registry;
pub(crate) use worker::{is_serving, is_unserved_worker};
