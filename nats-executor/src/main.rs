//! The program `nats-executor`, which shows what a pool is doing.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `show`: a status as a table, as JSON and for Prometheus
//! * `serve`: the metrics on a port

mod serve;
mod show;

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use nats_executor::{ConnectError, NatsOptions, PoolMonitor};

/// How long workers have to answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// Show what a pool of nats-executor is doing
// No `Debug`: a URL may have a password.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the queue, the workers and the rate of a pool; on a terminal, every two seconds until Ctrl-C
    ///
    /// Exit codes: 0 printed, 1 no connection or no such pool, 2 usage error.
    Status(Status),
}

#[derive(clap::Args)]
struct Status {
    /// URL of the server; several of a cluster separated by commas
    #[arg(value_name = "URL", default_value = "nats://127.0.0.1:4222")]
    url: String,

    /// Name of the pool
    #[arg(long, value_name = "NAME", default_value = "default")]
    pool: String,

    /// File with the credentials of a NATS account
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,

    /// File with the certificates of the authorities that may sign the server's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Print once as JSON
    #[arg(long)]
    json: bool,

    /// Print once, also on a terminal
    #[arg(long)]
    once: bool,

    /// Serve the numbers as Prometheus reads them, at http://ADDRESS/metrics, until Ctrl-C
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["json", "once"])]
    metrics: Option<SocketAddr>,
}

fn main() -> ExitCode {
    let Command::Status(status) = Args::parse().command;
    match run(&status) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // There is no other place to report it.
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Status) -> Result<(), String> {
    let text = |error: ConnectError| error.to_string();
    let mut options = NatsOptions::new().pool(&args.pool);
    if let Some(file) = &args.credentials {
        options = options.credentials(file);
    }
    if let Some(file) = &args.ca {
        options = options.root_certificates(file);
    }
    let monitor = PoolMonitor::connect(&args.url, &options).map_err(text)?;
    if let Some(address) = args.metrics {
        let serving = serve::serve(address, || {
            let status = monitor.status(PATIENCE).map_err(text)?;
            Ok(show::prometheus(&status))
        });
        return serving.map_err(|error| format!("cannot serve {address}: {error}"));
    }
    let repeats = !args.once && !args.json && io::stdout().is_terminal();
    let mut before = None;
    loop {
        let status = monitor.status(PATIENCE).map_err(text)?;
        let now = Instant::now();
        let rate = before.map(|(then, finished): (Instant, u64)| {
            status.finished.saturating_sub(finished) as f64 / (now - then).as_secs_f64()
        });
        before = Some((now, status.finished));
        let shown = match args.json {
            true => show::json(&status),
            false => show::table(&status, rate),
        };
        // Clears the screen, and goes to its first place.
        let home = if repeats { "\x1b[2J\x1b[H" } else { "" };
        let mut out = io::stdout().lock();
        let printed = write!(out, "{home}{shown}").and_then(|()| out.flush());
        match printed {
            Ok(()) => {}
            // The reader has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(format!("cannot write: {error}")),
        }
        if !repeats {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(2).saturating_sub(PATIENCE));
    }
}
