//! HTTP servers that delay and fail on purpose, and repeatably, to try clients against.
//!
//! A [`TestServer`] serves country flags at `/flags/{cc}/{cc}.gif` on loopback and treats each code as its [`Plan`] says.
//! It owns a thread and a runtime, so an ordinary `#[test]` can start one, use it with any client and drop it; what the
//! client really did is in [`TestServer::stats`].
//!
//! ```
//! use test_server::TestServer;
//!
//! let server = TestServer::builder().plan("25:reset,10:status=503+retry-after=2s")?.seed(7).start()?;
//! assert!(server.url().ends_with("/flags"));
//! assert_eq!(server.stats().requests, 0);
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules, bottom floor first; each imports only from those before it in this list:
//!
//! * `random`: numbers that depend on a seed and a name, and on nothing else
//! * `script`: what is written instead of a response
//! * `fault`: the faults there are, family by family
//! * `plan`: which faults a code meets, and the language to say so
//! * `images`: the flags that are served
//! * `limits`: how many descriptors the process may hold
//! * `access_log`: a line per request
//! * `counters`: what the server has seen
//! * `counted_body`: until when a request is in flight
//! * `connection`: connections that can be told what to write
//! * `site`: everything a server answers from
//! * `group`: which servers know of each other
//! * `control`: the paths by which a server is watched and steered
//! * `page`: what a server shows at `/`, to browsers and to others
//! * `routes`: what is answered to a request
//! * `listen`: sockets that are ready for a crowd
//! * `server`: a running server, its thread and its end
//! * `label`: LOCAL, DELAY and ERROR, their ports and their plans

mod access_log;
mod connection;
mod control;
mod counted_body;
mod counters;
mod fault;
mod group;
mod images;
mod label;
mod limits;
mod listen;
mod page;
mod plan;
mod random;
mod routes;
mod script;
mod server;
mod site;

pub use counters::{CodeStats, Stats};
pub use fault::list_faults;
pub use group::Group;
pub use images::COUNTRY_CODES;
pub use label::{Label, Ports, PortsError, Tuning};
pub use limits::raise_descriptor_limit;
pub use plan::{Plan, PlanError};
pub use server::{Builder, ChangeError, DEFAULT_SEED, TestServer};
