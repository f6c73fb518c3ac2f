//! An executor on threads.
//!
//! The modules, bottom first; each imports only from those above it in this list:
//!
//! * `counter`: how many tasks are unfinished
//! * `job`: a task in the queue, its types forgotten
//! * `semaphore`: the bound on the queue, if there is one
//! * `pool`: the queue, and workers that are started when there is work for them and nobody idle
//! * `calls`: what executors with and without a scope do alike on it
//! * `executor`: the pool with an owner
//! * `scoped`: the pool for tasks that borrow
//! * `builder`: how a pool of either kind is described and built

mod builder;
mod calls;
mod counter;
mod executor;
mod job;
mod pool;
mod scoped;
mod semaphore;

pub use builder::ThreadPoolBuilder;
pub use executor::ThreadPoolExecutor;
pub use scoped::ScopedExecutor;
