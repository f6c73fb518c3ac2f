//! Downloads the flag of every country code named, in one of three concurrency strategies, and reports how each download
//! ended.
//!
//! The modules, bottom floor first; each imports only from those listed before it. Folders have a list of their own.
//!
//! **1. Values**
//! * [`country`]: country codes, and what a word on the command line stands for
//! * [`server`]: server labels, and base URLs
//! * [`record`]: how the download of one code ended, and what it took
//! * [`tally`]: how the downloads of all codes ended
//! * [`job`]: what all downloads of a run share
//!
//! **2. Downloads**
//! * [`download`]: one flag from request to disk
//! * [`strategy`]: all flags of a job: sequential, thread pool or semaphore
//! * `run`: around a run: the embedded server, file descriptors, resources and signals
//!
//! **3. Output**
//! * [`report`]: the files of `--report`
//! * `console`: what a terminal shows
//!
//! **4. The program**
//! * `cli`: the command line, and the settings it stands for
//! * `compare`: runs of the same work side by side, each in a process of its own
//! * [`app`]: one whole run or comparison, from the arguments to the exit code

pub mod app;
mod cli;
mod compare;
mod console;
pub mod country;
pub mod download;
pub mod job;
pub mod record;
pub mod report;
mod run;
pub mod server;
pub mod strategy;
pub mod tally;
