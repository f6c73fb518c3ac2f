//! A list on workers of a real nats-server: the same account as of a local run, through every fault of machines and lines.
//!
//! Needs the program nats-server (`apt-get install nats-server`):
//!
//! ```sh
//! cargo test -p flags --features nats --test cluster
//! ```
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `machines`: servers, workers and lines between them
//! * `bench`: a list, its local run, and the run on workers that must give the same account
//! * `answers`: runs without faults
//! * `folders`: what workers find in the folder of a run
//! * `faults`: workers, servers and lines that fail
//! * `ends`: runs that cannot begin, cannot go on, or are stopped
//! * `secrets`: passwords are in no output

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod answers;
mod bench;
mod ends;
mod faults;
mod folders;
mod machines;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
