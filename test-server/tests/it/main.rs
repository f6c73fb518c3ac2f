//! Tests of the library and the program over real sockets, one module per topic.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod access;
#[cfg(all(unix, feature = "config", feature = "cors", feature = "httpbin"))]
mod config;
mod control;
mod control_port;
mod example;
mod expectations;
mod faults;
#[cfg(all(unix, feature = "files"))]
mod folder;
mod half_closed;
#[cfg(feature = "tls")]
mod handshakes;
mod hostile;
#[cfg(feature = "httpbin")]
mod httpbin;
#[cfg(feature = "tls")]
mod https;
mod journal;
#[cfg(all(unix, feature = "httpbin"))]
mod languages;
mod page;
mod paths;
mod plan;
#[cfg(unix)]
mod program;
mod ranges;
mod readme;
#[cfg(all(unix, feature = "proxy", feature = "tcp"))]
mod real_servers;
mod repeatable;
mod resting;
mod routes;
mod server;
mod support;
#[cfg(feature = "tcp")]
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod typed;
#[cfg(feature = "proxy")]
mod upstream;
