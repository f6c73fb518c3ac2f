//! The worker: takes tasks from the server, runs them in threads, and has the server store their results.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `options`: the settings of a worker, and what it reports
//! * `reporter`: passes on what happens, in a thread of its own
//! * `context`: what a running task may ask of its worker
//! * `recent`: what was noted last
//! * `state`: what all parts of a worker share
//! * `starts`: how often a task was started that has not ended
//! * `storing`: results on their way to the server
//! * `pulls`: requests for tasks
//! * `threads`: runs calls in the threads of the worker
//! * `held`: one task, from its delivery to its acknowledgement
//! * `run`: the worker from its start to its end

mod context;
mod held;
mod options;
mod pulls;
mod recent;
mod reporter;
mod run;
mod starts;
mod state;
mod storing;
mod threads;

pub use options::{WorkerEvent, WorkerOptions, WorkerReport};
pub use run::{run_worker, worker_name, worker_url};
