//! An executor on threads.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `counter`: counts the unfinished tasks
//! * `job`: a type-erased task in the queue
//! * `queue`: the queue of a pool, and the sleep of its workers
//! * `semaphore`: the bound on the queue, if there is one
//! * `thread`: the threads of a pool, with and without a scope
//! * `pool`: the workers of a queue, which are started on demand
//! * `calls`: what the executors with and without a scope share
//! * `executor`: the executor for tasks that own their data
//! * `scoped`: the executor for tasks that borrow
//! * `builder`: the settings of a pool, and its construction

mod builder;
mod calls;
mod counter;
mod executor;
mod job;
mod pool;
mod queue;
mod scoped;
mod semaphore;
mod thread;

pub use builder::ThreadPoolBuilder;
pub use executor::ThreadPoolExecutor;
pub use scoped::ScopedExecutor;
