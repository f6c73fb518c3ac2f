//! The search on workers that get their tasks from a real nats-server: the same answer as on threads, through every fault of machines
//! and lines.
//!
//! * `machines`: servers, workers and lines between them
//! * `bench`: logs, their search on threads, and the search on workers that must find the same
//! * `answers`: runs without faults
//! * `sent`: files that are sent with their tasks
//! * `faults`: workers, servers and lines that fail
//! * `ends`: runs that cannot begin, cannot go on, or are stopped

mod answers;
mod bench;
mod ends;
mod faults;
mod machines;
mod sent;
