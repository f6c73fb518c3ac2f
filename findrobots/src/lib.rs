//! Finds the hosts that requested `/robots.txt` in a folder of Apache logs, one file after another, on threads or on
//! processes: map and reduce over compressed files, and a library for other questions about logs.
//!
//! A [`Job`] says what a line adds to a partial result, and how partial results are reduced to one. A [`Search`] runs it on a
//! list of files.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `line`: bytes to lines, lines to fields
//! * `jobs`: the questions that lines answer
//! * `decode`: the bytes of a log, decompressed
//! * `work`: a job on a list of files
//! * `inputs`: the files that the words on the command line stand for
//! * `cli`: the command line
//! * `console`: what is printed
//! * `app`: one complete run or comparison, from the arguments to the exit code

pub mod app;
mod cli;
mod console;
mod decode;
mod inputs;
mod jobs;
mod line;
mod work;

pub use decode::{Cause, Damage};
pub use inputs::{Inputs, Select};
pub use jobs::{Example, Hosts, Job, Malformed, Robots, Sort, Strict};
pub use line::{Fields, MAX_LINE, fields, is_space};
pub use work::{Account, Fate, LogFile, Outcome, Progress, ReadLogs, Search, Totals};
