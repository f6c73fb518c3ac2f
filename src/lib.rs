//! Downloads the flags of the given country codes, or the URLs of a list, with one of three concurrency strategies and
//! reports how each download ended.
//!
//! The modules, lowest layer first. Each imports only from those listed before it. The head of each folder lists its
//! own modules.
//!
//! **1. Values**
//! * [`country`]: country codes, and the codes that a word on the command line selects
//! * [`server`]: server labels, and base URLs
//! * [`item`]: one thing to download: what to fetch, what to call it, how to check it
//! * [`record`]: the result of one download, with its attempts and times
//! * [`tally`]: the counts of all results of a run
//! * [`job`]: the settings and state that all downloads of a run share
//!
//! **2. Downloads**
//! * [`download`]: one item from request to disk
//! * [`strategy`]: all items of a run: sequential, thread pool or semaphore
//! * `run`: the environment of a run: the embedded server, the list, descriptors, time limit, workers on other machines
//!
//! **3. Output**
//! * [`report`]: the files of `--report`
//! * `console`: the output on a terminal
//!
//! **4. The program**
//! * `cli`: the command line and the settings it is converted to
//! * `compare`: several runs of the same work side by side, each in its own process
//! * [`app`]: one complete run or comparison, from the arguments to the exit code

pub mod app;
mod cli;
mod compare;
mod console;
pub mod country;
pub mod download;
pub mod item;
pub mod job;
pub mod record;
pub mod report;
mod run;
pub mod server;
pub mod strategy;
pub mod tally;
