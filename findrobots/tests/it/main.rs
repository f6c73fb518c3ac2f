//! Tests of the library and the program from outside, one module per topic.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod cases;
mod damage;
mod pieces;
mod random;
mod reference;
#[cfg(target_os = "linux")]
mod signals;
mod support;
