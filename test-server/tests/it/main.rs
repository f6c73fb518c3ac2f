//! Tests of the library and the program over real sockets, one module per topic.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod control;
mod example;
mod faults;
mod half_closed;
mod hostile;
mod journal;
mod page;
mod paths;
mod plan;
#[cfg(unix)]
mod program;
mod ranges;
mod readme;
mod repeatable;
mod resting;
mod server;
mod support;
#[cfg(feature = "tcp")]
mod tcp;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "proxy")]
mod upstream;
