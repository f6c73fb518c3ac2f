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
//! * `script`: bytes to write instead of an HTTP response
//! * `ranges`: the part of a body that a request asks for
//! * `refused_port`: a port of 127.0.0.1 that refuses connections
//! * `own_words`: the words in the query of a request that are for this server
//! * `fault`: all faults, family by family
//! * `plan`: which faults a code meets, and the language of plans
//! * `images`: the flags to serve
//! * `limits`: the limit of open files of the process
//! * `access_log`: a line per request
//! * `journal`: the last requests as they arrived
//! * `matching`: which requests are meant: by method, path, query, headers and body
//! * `route`: routes that a test defines
//! * `attempts`: the attempts at each code under each plan
//! * `counters`: the numbers of requests, connections and faults
//! * `expectation`: how often requests must come, until when and in which order
//! * `counted_body`: a response body that ends its request when it is sent
//! * `place`: places for connections: so many may have one at a time
//! * `departure`: whether a client that has shut down its sending side has left altogether
//! * `tls`: encryption, and handshakes that fail
//! * `transport`: a connection as bytes, plain or encrypted
//! * `exchange`: the request on a connection and how it is answered
//! * `running_script`: a script that is being written to a connection
//! * `connection`: connections that can be scripted byte by byte
//! * `resting`: gives back the buffers of idle connections
//! * `quotas`: the state of quotas: the use of rates, and the connections with a place
//! * `tracked_body`: a body that records on its connection when it ends
//! * `paced_body`: the body of a request, read at a rate
//! * `refusals`: a line on standard error when the system refuses connections
//! * `query`: the query of a request to which the plan applies
//! * `upstream`: another server, to which requests are forwarded
//! * `access`: who may use the control paths
//! * `folder`: a folder whose files are served
//! * `httpbin`: the most used paths of httpbin
//! * `site`: the state that the handlers of one server share
//! * `group`: servers whose pages link to each other
//! * `cors`: which responses pages of other sites may read
//! * `control`: the paths that read and change a running server
//! * `page`: the page at `/`, as HTML and as text
//! * `stale`: closes a connection after its last response
//! * `target`: what a request is for: a flag, or any other path
//! * `under_plan`: the response to a request under the faults of its plan
//! * `routes`: from a request to its response: a flag or any other path under the plan, the page, or a control path
//! * `listen`: listening sockets for many simultaneous clients
//! * `serve`: accepts connections and serves HTTP on each of them
//! * `server`: a running server, its thread and its shutdown
//! * `tcp`: connections of any protocol, passed on to another server
//! * `label`: LOCAL, DELAY and ERROR, their ports and their plans

mod access;
mod access_log;
mod attempts;
mod connection;
mod control;
mod cors;
mod counted_body;
mod counters;
mod departure;
mod exchange;
mod expectation;
mod fault;
mod folder;
mod group;
mod httpbin;
mod images;
mod journal;
mod label;
mod limits;
mod listen;
mod matching;
mod own_words;
mod paced_body;
mod page;
mod place;
mod plan;
mod query;
mod quotas;
mod random;
mod ranges;
mod refusals;
mod refused_port;
mod resting;
mod route;
mod routes;
mod running_script;
mod script;
mod serve;
mod server;
mod site;
mod stale;
mod target;
#[cfg(feature = "tcp")]
mod tcp;
mod tls;
mod tracked_body;
mod transport;
mod under_plan;
mod upstream;

pub use counters::{CodeStats, Stats};
pub use expectation::{Expectation, Times};
pub use fault::list_faults;
pub use group::Group;
pub use images::COUNTRY_CODES;
pub use journal::RecordedRequest;
pub use label::{Label, Ports, PortsError, Tuning};
pub use limits::{check_descriptors, raise_descriptor_limit};
pub use matching::Request;
pub use plan::{Fault, Plan, PlanError};
pub use route::{Response, Route, RouteError};
pub use server::{Builder, ChangeError, DEFAULT_HEADER_TIMEOUT, DEFAULT_SEED, TestServer};
#[cfg(feature = "tcp")]
pub use tcp::{TcpBuilder, TcpProxy};
#[cfg(feature = "tls")]
pub use tls::{Authority, AuthorityError};
#[cfg(feature = "proxy")]
pub use upstream::{Upstream, UpstreamError};
