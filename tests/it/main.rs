//! Integration tests of the program and its library over real sockets, with a module for each topic.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod answers;
mod compare;
mod connections;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod environment;
mod http2;
mod https;
mod lists;
mod logins;
mod pages;
mod program;
mod reports;
mod retries;
mod strategies;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
mod traffic;
mod tunnels;
