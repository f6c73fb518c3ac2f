//! Starts the servers and serves until a signal comes.

use std::error::Error;
use std::io::{self, Write as _};

use test_server::{Builder, Label, TestServer};

use crate::servers::ServerSpec;
use crate::signals;

/// With fewer descriptors the runtime cannot watch for signals, and says so by a panic.
const MINIMUM_FILES: u64 = 8;

/// Starts the servers, prints that they are ready, and returns at SIGINT or SIGTERM.
///
/// # Errors
/// When a server cannot be started; none runs then.
pub(crate) fn run(servers: Vec<(ServerSpec, Builder)>) -> Result<(), Box<dyn Error>> {
    if let Some(few) = test_server::raise_descriptor_limit().filter(|&limit| limit < MINIMUM_FILES)
    {
        return Err(
            format!("this process may open no more than {few} files: see `ulimit -n`").into(),
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Before anything says "ready": who reads that may send the signal at once.
    let end = runtime.block_on(async { signals::termination() })?;

    let mut running = Vec::new();
    for (server, builder) in servers {
        running.push(
            builder
                .start()
                .map_err(|error| StartError::new(error, server))?,
        );
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
    let ready: Vec<_> = running.iter().map(ready_line).collect();
    lines += &format!("{}\n", serde_json::json!({ "ready": ready }));
    // Nobody reading is no reason to stop serving.
    let _ = io::stdout().write_all(lines.as_bytes());
    runtime.block_on(end);
    Ok(())
}

fn ready_line(server: &TestServer) -> serde_json::Value {
    serde_json::json!({
        "name": server.name(),
        "url": server.url(),
        "port": server.port(),
        "plan": server.plan().to_string(),
        "seed": server.seed(),
    })
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    /// Names the port, which the system's "Address already in use" does not, and the way out.
    #[error(
        "port {port} of {name} is taken: end the program that uses it, or choose another one{}",
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
    fn new(source: io::Error, ServerSpec { name, port, .. }: ServerSpec) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { name, port },
            _ => Self::Other { name, source },
        }
    }
}
