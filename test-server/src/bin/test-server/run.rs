//! Starts the servers and runs them until a signal arrives.

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use test_server::{Builder, Label, TestServer};

use crate::control::{self, ControlSpec};
use crate::output;
use crate::proxies::{ProxySpec, RunningProxy};
use crate::servers::ServerSpec;
use crate::signals;

/// The fewest descriptors with which the program runs.
const MINIMUM_FILES: u64 = 8;

/// What is to be started.
pub(crate) struct Planned {
    pub(crate) servers: Vec<(ServerSpec, Builder)>,
    pub(crate) proxies: Vec<ProxySpec>,
    pub(crate) control: Option<ControlSpec>,
    /// The file for the certificate of the authority of the servers.
    pub(crate) ca_out: Option<PathBuf>,
}

impl Planned {
    /// Returns the first port that two of the servers and proxies, or one of them and the control port, are to have.
    pub(crate) fn port_given_twice(&self) -> Option<u16> {
        let ports = self.servers.iter().map(|(server, _)| server.port);
        let ports = ports.chain(self.proxies.iter().map(|proxy| proxy.port));
        let ports = ports.chain(self.control.iter().map(|control| control.port));
        let mut known = BTreeSet::new();
        // Each 0 is another free port.
        ports
            .filter(|port| *port != 0)
            .find(|port| !known.insert(*port))
    }
}

/// Starts the servers, prints a line for each and the ready line, and blocks until SIGINT or SIGTERM.
///
/// # Errors
/// If a server cannot be started, or the certificate of their authority cannot be written to `ca_out`. In that case none
/// of them keeps running.
pub(crate) fn run(planned: Planned) -> Result<(), Box<dyn Error>> {
    if let Some(limit) =
        test_server::raise_descriptor_limit().filter(|&limit| limit < MINIMUM_FILES)
    {
        return Err(format!(
            "at most {limit} open files are allowed; test-server needs at least {MINIMUM_FILES} \
                 (see `ulimit -n`)"
        )
        .into());
    }
    let runtime = signals::first_runtime()?;
    // Before the ready line, because its reader may send a signal at once.
    let termination = runtime.block_on(async { signals::termination() })?;

    let mut running = Vec::new();
    for (server, builder) in planned.servers {
        running.push(
            builder
                .start()
                .map_err(|error| StartError::new(error, server.name, server.port))?,
        );
    }
    let mut running_proxies = Vec::new();
    for proxy in &planned.proxies {
        let started = proxy.start();
        running_proxies
            .push(started.map_err(|error| StartError::new(error, proxy.name.clone(), proxy.port))?);
    }
    let control = match &planned.control {
        Some(control) => {
            let started = control.start(&running, &running_proxies);
            let named = |error| StartError::new(error, "the control port".to_owned(), control.port);
            Some(started.map_err(named)?)
        }
        None => None,
    };
    if let Some(path) = &planned.ca_out {
        write_ca(&running, path)?;
    }
    let mut lines = String::new();
    for server in &running {
        lines += &format!(
            "{} site: {} {}\n",
            server.name(),
            server.url(),
            server.describe()
        );
    }
    let mut ready: Vec<_> = running.iter().map(ready_entry).collect();
    for (line, entry) in running_proxies.iter().map(RunningProxy::describe) {
        lines += &line;
        ready.push(entry);
    }
    if let Some(control) = &control {
        lines += &control::describe(control, &mut ready);
    }
    lines += &format!("{}\n", serde_json::json!({ "ready": ready }));
    // A closed standard output does not stop the servers.
    output::print(&lines)?;
    runtime.block_on(termination);
    Ok(())
}

/// Writes the certificate of the authority of these servers to a file.
#[cfg(feature = "tls")]
fn write_ca(servers: &[TestServer], path: &Path) -> Result<(), String> {
    let pem = servers.iter().find_map(TestServer::ca_pem);
    // Checked before the start.
    let Some(pem) = pem else { return Ok(()) };
    let cannot_write = |why: String| format!("cannot write {}: {why}", path.display());
    // A pipe would block the start, and with it the signals, until it has a reader.
    if std::fs::metadata(path).is_ok_and(|present| !present.is_file()) {
        return Err(cannot_write("it is not a regular file".to_owned()));
    }
    std::fs::write(path, pem).map_err(|error| cannot_write(error.to_string()))
}

#[cfg(not(feature = "tls"))]
fn write_ca(_: &[TestServer], _: &Path) -> Result<(), String> {
    Ok(())
}

fn ready_entry(server: &TestServer) -> serde_json::Value {
    serde_json::json!({
        "name": server.name(),
        "url": server.url(),
        "base": server.base_url(),
        "control": server.base_url(),
        "port": server.port(),
        "plan": server.plan().to_string(),
        "seed": server.seed(),
    })
}

/// Returns whether the reason for an error is in the options.
pub(crate) fn is_usage(error: &(dyn Error + 'static)) -> bool {
    matches!(
        error.downcast_ref(),
        Some(StartError::Other { source, .. }) if source.kind() == io::ErrorKind::InvalidInput
    )
}

/// The reason why a server cannot be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    /// Names the port, which the system's "Address already in use" does not, and says what to do.
    #[error(
        "port {port} of {name} is in use: stop the program that uses it, or choose another port{}",
        if Label::find(name).is_some() { " with FLAGS_PORTS=a,b,c" } else { "" }
    )]
    Taken { name: String, port: u16 },
    #[error("cannot start {name}")]
    Other {
        name: String,
        #[source]
        source: io::Error,
    },
}

impl StartError {
    fn new(source: io::Error, name: String, port: u16) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { name, port },
            _ => Self::Other { name, source },
        }
    }
}
