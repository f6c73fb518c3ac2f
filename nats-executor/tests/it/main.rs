//! The executor and its workers against a real nats-server, which each test starts in a folder of its own.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `tasks`: the tasks that the tests send
//! * `support`: servers, workers and lines between them that fail on purpose
//! * `results`: every way for a task to end, and the contract of executors
//! * `cancelling`: tasks that are cancelled, and the end of an executor
//! * `hosts`: workers in network namespaces, as separate hosts
//! * `large`: tasks and values that do not fit in a message
//! * `connecting`: connections that cannot be made, and users with passwords
//! * `tls`: private authorities, and client certificates
//! * `workers`: workers that are killed, stopped or slow, and what the server refuses them
//! * `deliveries`: tasks that are delivered more than once, and those that are given back
//! * `server`: a server that is killed, full, or gone
//! * `outcomes`: tasks and results that disappear, and handles that do: each task has one outcome
//! * `withdrawn`: what is left on the server of tasks that are not wanted any more
//! * `versions`: programs of other versions
//! * `passwords`: they are in no text
//! * `accounts`: credentials of accounts
//! * `events`: what a worker reports, and how
//! * `monitor`: what the program `nats-executor` shows
//! * `network`: lines that are slow, stall or break
//! * `faults`: faults of all kinds in random order

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod accounts;
mod cancelling;
mod connecting;
mod deliveries;
mod events;
mod faults;
#[cfg(target_os = "linux")]
mod hosts;
mod large;
mod monitor;
mod network;
mod outcomes;
mod passwords;
mod results;
mod server;
mod support;
mod tasks;
mod tls;
mod versions;
mod withdrawn;
mod workers;

/// Not a test: a worker, if a test has started this program as one.
#[test]
fn worker_process() {
    support::work();
}
