//! The executor: gives tasks to the server, and takes their results.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `block_on`: waits for a future in a thread
//! * `job`: an encoded task, and the promise that its result settles
//! * `ledger`: the tasks without an outcome
//! * `settler`: the thread that settles promises
//! * `results`: the results that the server has for this executor
//! * `sender`: the tasks on their way to the server
//! * `driver`: the thread of the connection
//! * `handle`: the public executor

mod block_on;
mod driver;
mod handle;
mod job;
mod ledger;
mod results;
mod sender;
mod settler;

pub use handle::NatsExecutor;
