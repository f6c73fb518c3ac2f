//! HTTP servers that delay and fail on purpose, reproducibly, for testing HTTP clients.
//!
//! A [`TestServer`] serves country flags at `/flags/{cc}/{cc}.gif` on loopback. Its [`Plan`] decides which codes, and
//! which other paths, meet which faults. It owns a thread and a runtime, so an ordinary `#[test]` can start one, use it with any client and
//! drop it. [`TestServer::route`] adds routes of its own, and [`TestServer::expect`] says which requests must come.
//! [`TestServer::stats`] returns the requests that the client really sent, and [`TestServer::wait_until`] waits for them.
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
//! The modules, lowest layer first; each imports only from those before it in this list:
//!
//! * `random`: numbers that depend only on a seed and a name
//! * `script`: bytes to write instead of an HTTP response, and parts of a body
//! * `fault`: all faults, family by family
//! * `plan`: which faults a code meets, and the language of plans
//! * `recording`: what a server records: numbers, requests, and a line for each
//! * `matching`: which requests are meant: by method, path, query, headers and body
//! * `expectation`: how often requests must come, until when and in which order
//! * `exchange`: the request on a connection, how it is answered, and the bodies of both
//! * `connection`: connections that can be scripted byte by byte, plain or encrypted
//! * `content`: what is served: flags, a folder, routes of a test, httpbin, another server
//! * `site`: the state that the handlers of one server share, and the handlers
//! * `server`: a running server: it accepts connections, and its thread and shutdown
//! * `tcp`: connections of any protocol, passed on to another server
//! * `control_port`: a port of control paths alone, over plain HTTP

mod connection;
mod content;
mod control_port;
mod exchange;
mod expectation;
mod fault;
mod matching;
mod plan;
mod random;
mod recording;
mod script;
mod server;
mod site;
#[cfg(feature = "tcp")]
mod tcp;

pub use connection::limits::{check_descriptors, raise_descriptor_limit};
#[cfg(feature = "tls")]
pub use connection::tls::{Authority, AuthorityError};
pub use content::images::COUNTRY_CODES;
pub use content::route::{Response, Route, RouteError};
#[cfg(feature = "proxy")]
pub use content::upstream::{Upstream, UpstreamError};
pub use control_port::{ControlPort, ControlPortBuilder};
pub use expectation::{Expectation, Times};
pub use fault::list_faults;
pub use matching::Request;
pub use plan::{Fault, Plan, PlanError};
pub use recording::counters::{CodeStats, Stats};
pub use recording::journal::RecordedRequest;
pub use server::label::{Label, Ports, PortsError, Tuning};
pub use server::{Builder, ChangeError, DEFAULT_HEADER_TIMEOUT, DEFAULT_SEED, TestServer};
pub use site::group::Group;
#[cfg(feature = "tcp")]
pub use tcp::{TcpBuilder, TcpProxy};
