//! What all tests need: lines of logs, compressed files, and the program in a folder of its own.
//!
//! * `log`: lines of logs
//! * `pack`: compressed files, byte for byte
//! * `program`: the program in a folder of its own
//! * `running`: a run that a test observes, and sends signals to
//! * `library`: a search with the library

pub(crate) mod library;
pub(crate) mod log;
pub(crate) mod pack;
pub(crate) mod program;
#[cfg(target_os = "linux")]
pub(crate) mod running;

pub(crate) use library::search;
pub(crate) use log::{Random, hit, hits, miss};
pub(crate) use program::{EXECUTORS, Folder, Run};
