//! The program as people and scripts meet it: what it prints where, its exit code, and what it leaves behind.

mod arguments;
mod destination;
mod lines;
mod servers;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod streams;
