//! The executor: gives tasks to the server, and takes their results.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `block_on`: waits for a future in a thread
//! * `room`: a bound on tasks and bytes
//! * `job`: an encoded task, and the promise that its result settles
//! * `ledger`: the tasks without an outcome
//! * `settler`: the thread that settles promises
//! * `withdrawals`: tasks that are not wanted any more
//! * `results`: the results that the server has for this executor
//! * `audit`: the check that the server still has what this executor waits for
//! * `sender`: the tasks on their way to the server
//! * `driver`: the thread of the connection
//! * `handle`: the public executor

mod audit;
mod block_on;
mod driver;
mod handle;
mod job;
mod ledger;
mod results;
mod room;
mod sender;
mod settler;
mod withdrawals;

pub use handle::NatsExecutor;
