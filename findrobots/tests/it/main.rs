//! Tests of the library and the program from outside, one module per topic.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod cases;
#[cfg(all(target_os = "linux", feature = "nats"))]
mod cluster;
mod damage;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod names;
mod options;
mod output;
mod pieces;
mod random;
mod reference;
#[cfg(target_os = "linux")]
mod reports;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(target_os = "linux")]
mod streams;
mod support;
#[cfg(target_os = "linux")]
mod workers;
