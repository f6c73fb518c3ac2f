//! A job on a list of files: pieces of files as tasks, their partial results reduced to one, and every file accounted for.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `file`: a log, and its path on the way to another process
//! * `progress`: how many bytes have been read so far
//! * `range`: a part of a file as a stream of bytes
//! * `interruptible`: a stream that can be stopped while it waits
//! * `piece`: what a worker reads at a time
//! * `plan`: the pieces of all files, largest file first
//! * `read`: reads one piece
//! * `task`: several pieces as one task
//! * `account`: what was read of each file
//! * `search`: the whole job on an executor

mod account;
mod file;
mod interruptible;
mod piece;
mod plan;
mod progress;
mod range;
mod read;
mod search;
mod task;

pub use account::{Account, Fate, Totals};
pub use file::LogFile;
pub use progress::Progress;
pub use search::{Outcome, Search};
pub use task::ReadLogs;
