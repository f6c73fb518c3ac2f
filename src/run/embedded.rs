//! LOCAL, DELAY and ERROR work with nothing started: where nobody serves a label's port, the run serves it itself.
//!
//! Where somebody does, that server is used, with one exception. The server of another run would go away with that run,
//! in the middle of ours; it is known by its `Server` header, and then this run serves itself on a free port.

use std::io;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use test_server::{Label, Ports, TestServer, Tuning};

use crate::download::engine::Engine;
use crate::download::fetch::FetchError;
use crate::job::RequestLimits;
use crate::server::BaseUrl;

/// What a server inside a run calls itself.
const SERVER_HEADER: &str = concat!("flags-embedded/", env!("CARGO_PKG_VERSION"));

/// What all of them begin with, whatever their version.
const EMBEDDED: &str = "flags-embedded";

/// How long whoever has the port may take to say what it is. A server that takes longer is no other run's.
const PATIENCE: Duration = Duration::from_secs(1);

/// A port that is taken and yet refuses connections is changing hands: this often, and after this long, look again.
const TRIES: usize = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Where the flags of a run are, and who serves them there.
#[derive(Debug)]
pub(crate) struct Served {
    /// The base URL.
    pub base: BaseUrl,
    /// Who serves it.
    pub by: ServedBy,
}

/// Who serves the flags of a run.
#[derive(Debug)]
pub(crate) enum ServedBy {
    /// The run itself, for as long as this lives.
    ThisRun(TestServer),
    /// The run itself, on another port, since that of the label belongs to another run.
    ThisRunElsewhere(TestServer),
    /// A server that was there before.
    Running,
    /// Nobody, and yet the port is taken.
    Nobody,
    /// A site that is none of the labels'.
    Site,
}

/// What a server of ours saw of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenByServer {
    /// Requests for flags.
    pub requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// The most requests that were answered at the same time, if that can be told from what was before the run.
    pub peak_in_flight: Option<usize>,
}

impl ServedBy {
    fn own(&self) -> Option<&TestServer> {
        match self {
            Self::ThisRun(server) | Self::ThisRunElsewhere(server) => Some(server),
            Self::Running | Self::Nobody | Self::Site => None,
        }
    }

    /// Has a server of ours count anew.
    pub(crate) fn reset(&self) {
        if let Some(server) = self.own() {
            server.reset();
        }
    }

    /// What a server of ours has seen by now.
    pub(crate) fn seen(&self) -> Option<SeenByServer> {
        let stats = self.own()?.stats();
        Some(SeenByServer {
            requests: stats.requests,
            connections: stats.connections,
            peak_in_flight: Some(stats.peak_in_flight),
        })
    }

    /// Whether the server is one of ours.
    pub(crate) fn this_run(&self) -> bool {
        self.own().is_some()
    }
}

/// Finds the server of a label, or starts one.
///
/// # Errors
/// When the port can be neither bound nor is taken, or when no thread can be started.
pub(crate) fn serve(label: Label, ports: Ports) -> io::Result<Served> {
    let port = ports.of(label);
    let here = |server: TestServer, by: fn(TestServer) -> ServedBy| {
        let base = BaseUrl::on_localhost(server.port());
        Ok(Served {
            base,
            by: by(server),
        })
    };
    let base = BaseUrl::on_localhost(port);
    for _ in 0..TRIES {
        match start(label, port) {
            Ok(server) => return here(server, ServedBy::ThisRun),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
        match who_answers(&base)? {
            Occupant::Server => {
                return Ok(Served {
                    base,
                    by: ServedBy::Running,
                });
            }
            Occupant::OtherRun => return here(start(label, 0)?, ServedBy::ThisRunElsewhere),
            Occupant::Nobody => thread::sleep(BETWEEN_TRIES),
        }
    }
    Ok(Served {
        base,
        by: ServedBy::Nobody,
    })
}

fn start(label: Label, port: u16) -> io::Result<TestServer> {
    let plan = label.plan(&Tuning::default()).map_err(io::Error::other)?;
    TestServer::builder()
        .name(label.name())
        .with_plan(plan)
        .port(port)
        .server_header(SERVER_HEADER)
        .start()
}

/// Who has a port that is taken.
enum Occupant {
    /// The server inside another run.
    OtherRun,
    /// Anything else that takes connections, whether it speaks HTTP or not: what it does to our requests is told then.
    Server,
    /// Nobody takes connections, at least for now.
    Nobody,
}

/// Asks for `/`, which no plan applies to and nobody counts.
fn who_answers(base: &BaseUrl) -> io::Result<Occupant> {
    let engine = Engine::new(base, RequestLimits::default())?;
    let client = engine.client();
    let answer = engine.block_on(client.server_name(base.root(), PATIENCE));
    Ok(match answer {
        Ok(Some(name)) if name.starts_with(EMBEDDED) => Occupant::OtherRun,
        Err(FetchError::Transport(error)) if error.is_connect() => Occupant::Nobody,
        Ok(_) | Err(_) => Occupant::Server,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_this_version_is_known_by_its_beginning() {
        assert!(SERVER_HEADER.starts_with(EMBEDDED));
    }
}
