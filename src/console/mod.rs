//! The terminal output: the lines and notices of a run, and the progress bar.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `colors`: whether to print colours
//! * `nouns`: what the things are called that a run downloads
//! * `figures`: bytes, rate, latency and retries of a run
//! * `lines`: the text on standard output
//! * `failures`: the failed items, grouped by cause
//! * `compared`: notices about the runs of a comparison
//! * `notices`: the other notices on standard error
//! * `rate`: the recent rate of a run
//! * `progress`: the progress bar, and the lines in its place

pub(crate) mod colors;
pub(crate) mod compared;
pub(crate) mod failures;
pub(crate) mod figures;
pub(crate) mod lines;
pub(crate) mod notices;
pub(crate) mod nouns;
pub(crate) mod progress;
mod rate;
