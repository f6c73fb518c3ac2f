//! Downloads the flag of every country code named, in one of three concurrency strategies, and tells what became of each.
//!
//! The house, bottom floor first; each module imports only from those listed before it.
//!
//! **1. Values**
//! * [`country`]: country codes, and what a word on the command line stands for
//! * [`server`]: server labels, and base URLs
//! * [`record`]: what became of one code
//!
//! **2. One flag**
//! * [`gif`]: whether bytes are a whole GIF
//! * [`save`]: puts one flag on disk, whole or not at all
//! * [`tls`]: TLS that costs nothing until it is used
//! * [`cause`]: what is behind an error
//! * [`retry`]: when a flag is asked for again
//! * [`fetch`]: gets one answer from a server
//! * [`engine`]: a runtime and the client that lives in it
//! * [`job`]: what all downloads of a run share
//! * [`download`]: one flag from request to disk
//!
//! **3. Many flags**
//! * [`strategy`]: sequential, thread pool or semaphore
//! * [`run`]: what goes on around a run: the embedded server, descriptors, resources, and interruption
//!
//! **4. Telling**
//! * [`tally`]: what became of all codes
//! * [`report`]: the lines on standard output and on standard error
//! * [`progress`]: the bar
//! * [`results`]: what came of runs, for programs to read
//! * [`summary`]: what runs of the same work come to beside each other
//! * [`columns`]: what is told of each series
//! * [`table`]: runs side by side, as text
//! * [`export`]: results in the formats of files: pages, pictures, tables and traces
//! * [`exit`]: the exit codes
//! * [`output`]: the two streams
//!
//! **5. The command line**
//! * [`cli`]: what was typed, and what it means
//! * [`compare`]: the same work under each strategy, each in a process of its own
//! * [`app`]: one whole run, from the arguments to the exit code

pub mod app;
pub mod cause;
pub mod cli;
pub mod columns;
pub mod compare;
pub mod country;
pub mod download;
pub mod engine;
pub mod exit;
pub mod export;
pub mod fetch;
pub mod gif;
pub mod job;
pub mod output;
pub mod progress;
pub mod record;
pub mod report;
pub mod results;
pub mod retry;
pub mod run;
pub mod save;
pub mod server;
pub mod strategy;
pub mod summary;
pub mod table;
pub mod tally;
pub mod tls;
