//! What is printed.
//!
//! * `hosts`: the hosts, on standard output
//! * `notices`: errors, the malformed lines and the summary, on standard error
//! * `progress`: the progress bar

pub(crate) mod hosts;
pub(crate) mod notices;
pub(crate) mod progress;
