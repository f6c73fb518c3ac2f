//! The three servers LOCAL, DELAY and ERROR in a terminal, until SIGINT or SIGTERM.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use test_server::{Builder, DEFAULT_SEED, Label, Ports, TestServer, Tuning};

/// HTTP servers that delay and fail on purpose, and repeatably
///
/// LOCAL answers at once, DELAY after half a second, ERROR fails for a quarter of the codes and delays half of them. They
/// serve flags at http://localhost:PORT/flags/br/br.gif on the ports 8001, 8002 and 8003 (FLAGS_PORTS=a,b,c moves them; 0
/// is a free port) until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    /// What decides which codes meet which fault
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,

    /// The delay of DELAY and ERROR, such as 500ms or 2s
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = humantime::parse_duration)]
    delay: Duration,

    /// For how many percent of the codes ERROR fails, decimals allowed
    #[arg(long, value_name = "PERCENT", default_value_t = Tuning::default().error_rate)]
    error_rate: f64,

    /// A folder with files such as br/br.gif to serve instead of the built-in flags, read at the start
    #[arg(long, value_name = "DIR")]
    flags_dir: Option<PathBuf>,

    /// The address to listen on [default: 127.0.0.1 and, where there is one, ::1]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let setup = match Setup::new(&args) {
        Ok(setup) => setup,
        Err(error) => {
            complain(&*error);
            return ExitCode::from(2);
        }
    };
    match setup.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

/// One line: what is wrong, and why.
fn complain(error: &dyn Error) {
    let mut line = format!("test-server: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line += &format!(": {cause}");
        source = cause.source();
    }
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// What was asked for, checked.
struct Setup {
    ports: Ports,
    servers: Vec<(Label, Builder)>,
}

impl Setup {
    fn new(args: &Args) -> Result<Self, Box<dyn Error>> {
        let ports = Ports::from_env()?;
        let tuning = Tuning {
            delay: args.delay,
            error_rate: args.error_rate,
        };
        let mut servers = Vec::new();
        for label in Label::ALL {
            let mut builder = TestServer::builder()
                .name(label.name())
                .plan(label.plan(&tuning)?)
                .seed(args.seed)
                .port(ports.of(label));
            if let Some(address) = args.bind {
                builder = builder.address(address);
            }
            if let Some(folder) = &args.flags_dir {
                builder = builder.flags_dir(folder);
            }
            servers.push((label, builder));
        }
        Ok(Self { ports, servers })
    }

    fn run(self) -> Result<(), Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        // Before anything says "ready": who reads that may send the signal at once.
        let end = runtime.block_on(async { end_signal() })?;

        let mut running = Vec::new();
        for (label, builder) in self.servers {
            let server = builder
                .start()
                .map_err(|error| StartError::new(error, label, self.ports))?;
            running.push((label, server));
        }
        for (label, server) in &running {
            // Nobody reading is no reason to stop serving.
            let _ = writeln!(
                io::stdout(),
                "{} site: {} {}",
                label.name(),
                server.url(),
                server.describe()
            );
        }
        runtime.block_on(end);
        Ok(())
    }
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    /// Names the port, which the system's "Address already in use" does not, and the way out.
    #[error(
        "port {port} of {label} is taken: end the program that uses it, or choose other ports with {}=a,b,c",
        Ports::VARIABLE
    )]
    Taken { label: &'static str, port: u16 },
    #[error("cannot start {label}")]
    Other {
        label: &'static str,
        #[source]
        source: io::Error,
    },
}

impl StartError {
    fn new(source: io::Error, label: Label, ports: Ports) -> Self {
        let (label, port) = (label.name(), ports.of(label));
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { label, port },
            _ => Self::Other { label, source },
        }
    }
}

/// Completes at the first SIGINT or SIGTERM from now on.
#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at the first Ctrl-C.
#[cfg(not(unix))]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
