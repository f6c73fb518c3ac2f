//! The program as users and scripts see it: what it prints on which stream, its exit code, and the files it leaves.

mod arguments;
mod destination;
mod lines;
mod max_time;
mod servers;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod streams;
