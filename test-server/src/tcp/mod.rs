//! Connections of any protocol, passed on to another server under the faults of a plan.
//!
//! A connection is drawn by its number since the plan was set, so a client that opens its connections one after another
//! always meets the same faults.
//!
//! * `shape`: what happens to the bytes of one direction
//! * `half`: one side of a connection, by reference
//! * `pump`: passes the bytes of one direction on
//! * `relay`: both directions of a connection
//! * `proxy`: a running proxy, its settings and its thread

mod half;
mod proxy;
mod pump;
mod relay;
mod shape;

pub use proxy::{TcpBuilder, TcpProxy};
