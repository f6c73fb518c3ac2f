//! The errors of tasks, submissions, waits and builders.
//!
//! There is one type for each, because the code that waits for a result, the code that submits a task and the code that
//! builds a pool make different decisions.
//!
//! The message of an error names its cause, so that one line says why. `source` therefore skips the cause, which the
//! variant holds, and returns the source of the cause: a report that prints the whole chain repeats nothing.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `shared`: the error of a failed task, which all handles of its future share
//! * `broken`: why an executor is broken
//! * `distance`: why a task that was sent to another machine has no value
//! * `task`: why a task has no value
//! * `submit`: why an executor cannot be built, or does not accept a task
//! * `wait`: why a wait ends without a value

mod broken;
mod distance;
mod shared;
mod submit;
mod task;
mod wait;

pub use broken::BrokenError;
pub use distance::DistanceError;
pub use shared::SharedError;
pub use submit::{BuildError, SubmitError};
pub use task::TaskError;
pub use wait::{MapError, TimeoutError, UnfinishedError};
