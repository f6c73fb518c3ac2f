//! What the command-line programs of this workspace share: how they handle signals, write to standard output and to files,
//! and choose their exit codes. Knows nothing of what a program does.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `chain`: an error with all its causes, as one line
//! * `signals`: Ctrl-C and similar signals
//! * `exit`: the exit codes
//! * `stream`: the standard streams, which wait for slow readers
//! * `output`: standard output and standard error
//! * `resources`: processor time and memory
//! * `files`: files that are written completely or not at all

mod chain;
mod exit;
mod files;
mod output;
mod resources;
mod signals;
mod stream;

pub use chain::{causes, error_chain};
pub use exit::{Ending, Exit};
pub use files::{
    Files, NewFile, PartialFile, TemporaryFolder, WriteError, open_below, sync_folder,
};
pub use output::{Output, print_error, print_stderr};
pub use resources::{Resources, cpu_ms_of_ended_children};
pub use signals::{Signal, Signals};
pub use stream::Stream;

pub use safe_text::{shown_path, visible, visible_json};
