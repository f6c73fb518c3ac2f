//! LOCAL, DELAY and ERROR work with nothing started: where nobody serves a label's port, the run serves it itself.
//!
//! Where somebody does, that server is used, with one exception. The server of another run would go away with that run,
//! in the middle of ours; it is known by its `Server` header, and then this run serves itself on a free port.

use std::io;
use std::thread;
use std::time::Duration;

use test_server::{Label, Ports, TestServer, Tuning};
use tokio::runtime;

use crate::fetch::{Client, FetchError};
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

/// A server that answers for a label.
#[derive(Debug)]
pub struct Served {
    /// Where its flags are.
    pub base: BaseUrl,
    /// Whose it is, for the reader.
    pub notice: String,
    /// The server, if it is ours; dropped, it ends.
    pub server: Option<TestServer>,
}

impl Served {
    /// A server that is none of ours; there is nothing to say about it.
    pub fn elsewhere(base: BaseUrl) -> Self {
        Self {
            base,
            notice: String::new(),
            server: None,
        }
    }
}

/// Finds the server of a label, or starts one.
///
/// # Errors
/// When the port can be neither bound nor is taken, or when no thread can be started.
pub fn serve(label: Label, ports: Ports) -> io::Result<Served> {
    let (name, port) = (label.name(), ports.of(label));
    let base = BaseUrl::on_localhost(port);
    for _ in 0..TRIES {
        match start(label, port) {
            Ok(server) => {
                return Ok(here(server, |own| {
                    format!("{name} is served by this run on port {own}\n")
                }));
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
        match who_answers(&base)? {
            Occupant::Server => break,
            Occupant::OtherRun => {
                return start(label, 0).map(|server| {
                    here(server, |own| {
                        format!("{name} is served by this run on port {own}: port {port} is another run's\n")
                    })
                });
            }
            Occupant::Nobody => thread::sleep(BETWEEN_TRIES),
        }
    }
    Ok(Served {
        base,
        notice: format!("{name} is served by the server that runs on port {port}\n"),
        server: None,
    })
}

fn here(server: TestServer, notice: impl FnOnce(u16) -> String) -> Served {
    let port = server.port();
    Served {
        base: BaseUrl::on_localhost(port),
        notice: notice(port),
        server: Some(server),
    }
}

fn start(label: Label, port: u16) -> io::Result<TestServer> {
    let plan = label.plan(&Tuning::default()).map_err(io::Error::other)?;
    TestServer::builder()
        .name(label.name())
        .plan(plan)
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
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = Client::new(base)?;
    let answer = runtime.block_on(client.server_name(base.root(), PATIENCE));
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
