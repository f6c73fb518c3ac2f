//! The executors of `concurrent-futures` on many machines: tasks in a work queue of a NATS server with JetStream, workers anywhere.
//!
//! [`NatsExecutor`] implements [`Executor`](concurrent_futures::Executor) as the pools of threads and of processes do, so one line
//! selects where the tasks of a program run. [`run_worker`] makes a worker of a program that has the same tasks. The example of
//! [`NatsExecutor`] shows both.
//!
//! # Guarantees
//! * Each future gets exactly one outcome: the first result that the server stores for its task, or an error that says why there
//!   is none.
//! * Each task whose future has a value has run at least once, and at times more than once.
//! * A task that was accepted is not lost when a worker, the server or this program is killed. The server writes to its store
//!   before it confirms, but does not wait for the disk: after a power failure of its machine, the last seconds may be missing.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `options`: the settings of a connection and of a pool
//! * `error`: why a connection cannot be made, or a worker cannot run
//! * `address`: the servers that a URL names, and how it is shown
//! * `names`: the names that the parts of a pool have on the server
//! * `envelope`: what is in the message of a task and of a result
//! * `link`: the connection to the server
//! * `pool`: the streams of a pool, and the consumer that its workers share
//! * `objects`: what does not fit in a message
//! * `roll_call`: what a worker answers when it is asked what it does
//! * `monitor`: what a pool is doing
//! * `executor`: gives tasks to the server, and takes their results
//! * `worker`: takes tasks from the server, and runs them

mod address;
mod envelope;
mod error;
mod executor;
mod link;
mod monitor;
mod names;
mod objects;
mod options;
mod pool;
mod roll_call;
mod worker;

pub use error::{ConnectError, WorkerError};
pub use executor::NatsExecutor;
pub use monitor::{PoolMonitor, PoolStatus};
pub use options::NatsOptions;
pub use roll_call::WorkerState;
pub use worker::{WorkerEvent, WorkerOptions, WorkerReport, run_worker, worker_name, worker_url};

// The examples in the README must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
