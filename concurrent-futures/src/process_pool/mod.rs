//! An executor on processes.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `job`: a type-erased task that waits for a worker
//! * `slot`: the place of one worker
//! * `scheduler`: decides which worker gets which task
//! * `pool`: the state that all threads of a pool share
//! * `slot_threads`: the threads that talk to one worker
//! * `executor`: the public executor
//! * `builder`: the settings of a pool, and its construction

mod builder;
mod executor;
mod job;
mod pool;
mod scheduler;
mod slot;
mod slot_threads;

pub use builder::{OnCrash, ProcessPoolBuilder};
pub use executor::ProcessPoolExecutor;
