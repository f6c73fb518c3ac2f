//! The terminal output: the lines and notices of a run, the progress bar, and the two streams they go to.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `output`: writes to standard output and standard error
//! * `lines`: the text on standard output
//! * `notices`: the text on standard error
//! * `progress`: the progress bar

pub(crate) mod lines;
pub(crate) mod notices;
pub(crate) mod output;
pub(crate) mod progress;
