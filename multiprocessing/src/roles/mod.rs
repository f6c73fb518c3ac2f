//! What a child process does, as the child sees it.
//!
//! * `parent_watch`: ends a child with its parent
//! * `worker`: runs the tasks that arrive, one after the other
//! * `process`: runs one task

mod parent_watch;
mod process;
mod worker;

pub(crate) use parent_watch::watch_parent;
pub(crate) use process::run_process;
pub use worker::CANCEL;
pub(crate) use worker::work;
