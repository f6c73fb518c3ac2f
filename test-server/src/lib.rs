//! HTTP servers that delay and fail on purpose, and repeatably, to try clients against.
//!
//! A [`TestServer`] serves country flags at `/flags/{cc}/{cc}.gif` on loopback and treats each code as its [`Plan`] says.
//! It owns a thread and a runtime, so an ordinary `#[test]` can start one, use it with any client and drop it; what the
//! client really did is in [`TestServer::stats`].
//!
//! ```
//! use test_server::{Plan, TestServer};
//!
//! let server = TestServer::start(Plan::normal())?;
//! assert!(server.url().ends_with("/flags"));
//! assert_eq!(server.stats().requests, 0);
//! server.stop();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The modules, bottom floor first; each imports only from those above it in this list:
//!
//! * `draw`: numbers that depend on a seed and a name, and on nothing else
//! * `plan`: which faults a code meets
//! * `images`: the flags that are served
//! * `limits`: how many descriptors the process may hold
//! * `counters`: what the server has seen
//! * `routes`: what is answered to a request
//! * `listen`: sockets that are ready for a crowd
//! * `server`: a running server, its thread and its end
//! * `label`: LOCAL, DELAY and ERROR, their ports and their plans

mod counters;
mod draw;
mod images;
mod label;
mod limits;
mod listen;
mod plan;
mod routes;
mod server;

pub use counters::Stats;
pub use images::ImagesError;
pub use label::{Label, Ports, PortsError, Tuning};
pub use limits::raise_descriptor_limit;
pub use plan::{Fault, Plan, PlanError};
pub use server::{Builder, TestServer};

/// The seed of a server that is given none: with it, ERROR serves 150 flags of AA...ZZ, misses 361 and fails 165 times,
/// the very numbers of the sample run in *Fluent Python*.
pub const DEFAULT_SEED: u64 = 35;
