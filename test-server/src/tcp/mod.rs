//! Connections of any protocol, passed on to another server under the faults of a plan.
//!
//! A connection is drawn by its number since the plan was set, so a client that opens its connections one after another
//! always meets the same faults.
//!
//! * `shape`: what happens to the bytes of one direction
//! * `half`: one side of a connection, by reference
//! * `pump`: passes the bytes of one direction on
//! * `relay`: both directions of a connection
//! * `state`: what the connections of a proxy share
//! * `control`: the paths that read and change a running proxy
//! * `proxy`: a running proxy
//! * `builder`: the settings of a proxy, and its start

mod builder;
pub(crate) mod control;
mod half;
mod proxy;
mod pump;
mod relay;
mod shape;
mod state;

pub use builder::TcpBuilder;
pub use proxy::TcpProxy;
pub(crate) use state::State;
