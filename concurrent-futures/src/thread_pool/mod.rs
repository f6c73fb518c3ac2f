//! An executor on threads.
//!
//! * `job`: a task in the queue, its types forgotten
//! * `room`: the bound on the queue, if there is one
//! * `pool`: the queue, and workers that are started when there is work for them and nobody idle
//! * `calls`: what executors with and without a scope do alike on it
//! * `executor`: the pool with an owner
//! * `builder`: how a pool is described
//! * `scoped`: the pool for tasks that borrow

mod builder;
mod calls;
mod executor;
mod job;
mod pool;
mod room;
mod scoped;

pub use builder::ThreadPoolBuilder;
pub use executor::ThreadPoolExecutor;
pub use scoped::ScopedExecutor;
