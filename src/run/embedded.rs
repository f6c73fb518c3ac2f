//! The embedded server: LOCAL, DELAY and ERROR work even if no server is running.
//!
//! If the port of a label is free, the run starts a server on it. If the port is in use, the run uses the server there,
//! with one exception. Another run's embedded server would stop when that run ends, in the middle of this one. It is
//! recognised by its `Server` header; this run then starts its own server on a free port.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use safe_text::visible_start;
use serde::{Deserialize, Serialize};
use test_server::{Label, Ports, TestServer, Tuning};

use crate::country::CountryCode;
use crate::download::fetch::engine::Engine;
use crate::download::fetch::error::FetchError;
use crate::job::RequestLimits;
use crate::server::BaseUrl;

/// The `Server` header of an embedded server.
const SERVER_HEADER: &str = concat!("flags-embedded/", env!("CARGO_PKG_VERSION"));

/// The beginning of that header in every version of this program.
const SERVER_HEADER_PREFIX: &str = "flags-embedded";

/// The beginning of the `Server` header of a test-server of any version.
const TEST_SERVER_PREFIX: &str = "test-server/";

/// The time that the server on a port has to identify itself. A server that takes longer is not embedded in another
/// run.
const IDENTIFY_TIMEOUT: Duration = Duration::from_secs(1);

/// The number of tries, and the pause between them, for a port that is in use but refuses connections: one server is
/// just being replaced by another.
const TRIES: usize = 50;
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The location of a run's flags and the server that serves them.
#[derive(Debug)]
pub(crate) struct Served {
    /// The base URL; `None` if each item has a URL of its own.
    pub base: Option<BaseUrl>,
    /// The server.
    pub by: ServedBy,
}

/// The server of a run's flags.
#[derive(Debug)]
pub(crate) enum ServedBy {
    /// The embedded server of this run, on the port of the label. Stops when dropped.
    Embedded(TestServer),
    /// The embedded server of this run, on a free port, because another run uses the port of the label.
    EmbeddedOnFreePort(TestServer),
    /// A server that was already running on the port of the label.
    External(ServerName),
    /// No server: the port of the label is in use, but it refuses connections.
    Unreachable,
    /// The server of REMOTE or of a URL given by the user, or those of a list.
    Unlabelled,
}

/// The largest length of a server's name in a message, in characters.
const LONGEST_NAME: usize = 80;

/// The `Server` header of a running server, if it sends one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerName(Option<String>);

impl ServerName {
    /// Returns the name in a `Server` header.
    pub(crate) fn new(header: Option<String>) -> Self {
        Self(header)
    }

    /// Returns whether the server calls itself a test-server. Only such a server has counters and can be reset.
    pub(crate) fn is_test_server(&self) -> bool {
        let name = self.0.as_deref();
        name.is_some_and(|name| name.starts_with(TEST_SERVER_PREFIX))
    }
}

/// The beginning of the name, without control characters, or a phrase in its place.
impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => f.write_str(&visible_start(name, LONGEST_NAME)),
            None => f.write_str("a server without a name"),
        }
    }
}

/// A server's counters for one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenByServer {
    /// The number of requests for flags.
    pub requests: u64,
    /// The number of connections accepted.
    pub connections: u64,
    /// The largest number of requests in progress at the same time; `None` if it cannot be distinguished from an
    /// earlier peak.
    pub peak_in_flight: Option<usize>,
}

impl ServedBy {
    /// Returns the embedded server, if this run has one.
    fn embedded(&self) -> Option<&TestServer> {
        match self {
            Self::Embedded(server) | Self::EmbeddedOnFreePort(server) => Some(server),
            Self::External(_) | Self::Unreachable | Self::Unlabelled => None,
        }
    }

    /// Resets the counters of the embedded server, if there is one.
    pub(crate) fn reset(&self) {
        if let Some(server) = self.embedded() {
            server.reset();
        }
    }

    /// Returns the counters of the embedded server, or `None` for any other server.
    pub(crate) fn seen(&self) -> Option<SeenByServer> {
        let stats = self.embedded()?.stats();
        Some(SeenByServer {
            requests: stats.requests,
            connections: stats.connections,
            peak_in_flight: Some(stats.peak_in_flight),
        })
    }

    /// Returns how long the embedded server delays the answer for a code, as far as is known before. Zero without one.
    pub(crate) fn delay_of(&self, code: CountryCode) -> Duration {
        let server = self.embedded();
        server.map_or(Duration::ZERO, |server| server.delay_of(&code.lower()))
    }

    /// Returns whether the server is embedded in this run.
    pub(crate) fn this_run(&self) -> bool {
        self.embedded().is_some()
    }
}

/// Starts the server of a label, or finds the one that is already running.
///
/// Blocks until the server is known, or until [`TRIES`] tries have found a port that refuses connections.
///
/// # Errors
/// If the port cannot be bound for another reason than being in use, or if a thread or runtime cannot be started.
pub(crate) fn serve(label: Label, ports: Ports) -> io::Result<Served> {
    let port = ports.of(label);
    let served_here = |server: TestServer, by: fn(TestServer) -> ServedBy| {
        let base = BaseUrl::on_localhost(server.port());
        Ok(Served {
            base: Some(base),
            by: by(server),
        })
    };
    let base = BaseUrl::on_localhost(port);
    for _ in 0..TRIES {
        match start(label, port) {
            Ok(server) => return served_here(server, ServedBy::Embedded),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
        match identify_port_user(&base)? {
            PortUser::Server(name) => {
                let by = ServedBy::External(name);
                let base = Some(base);
                return Ok(Served { base, by });
            }
            PortUser::OtherRun => {
                return served_here(start(label, 0)?, ServedBy::EmbeddedOnFreePort);
            }
            PortUser::Unreachable => thread::sleep(PAUSE_BETWEEN_TRIES),
        }
    }
    Ok(Served {
        base: Some(base),
        by: ServedBy::Unreachable,
    })
}

/// Starts the server of a label on `port`, or on a free port if it is 0.
fn start(label: Label, port: u16) -> io::Result<TestServer> {
    let plan = label.plan(&Tuning::default()).map_err(io::Error::other)?;
    TestServer::builder()
        .name(label.name())
        .with_plan(plan)
        .port(port)
        .server_header(SERVER_HEADER)
        .start()
}

/// The user of a port that cannot be bound.
enum PortUser {
    /// The embedded server of another run.
    OtherRun,
    /// Any other program that accepts connections. If it does not speak HTTP, the downloads will report that.
    Server(ServerName),
    /// Connections are refused, at least for now.
    Unreachable,
}

/// Identifies the user of a port by a request for `/`, which a test server neither counts nor subjects to its plan.
fn identify_port_user(base: &BaseUrl) -> io::Result<PortUser> {
    let engine = Engine::new(RequestLimits::default(), &Arc::default())?;
    let client = engine.client();
    let answer = engine.block_on(client.server_name(base.root(), IDENTIFY_TIMEOUT));
    Ok(match answer {
        Ok(Some(name)) if name.starts_with(SERVER_HEADER_PREFIX) => PortUser::OtherRun,
        Err(FetchError::Transport(error)) if error.is_connect() => PortUser::Unreachable,
        Ok(name) => PortUser::Server(ServerName::new(name)),
        Err(_) => PortUser::Server(ServerName::new(None)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_header_begins_with_the_common_prefix() {
        assert!(SERVER_HEADER.starts_with(SERVER_HEADER_PREFIX));
    }
}
