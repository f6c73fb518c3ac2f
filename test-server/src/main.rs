//! The three servers LOCAL, DELAY and ERROR in a terminal, until SIGINT or SIGTERM.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use test_server::{Builder, DEFAULT_SEED, Group, Label, Plan, Ports, TestServer, Tuning};

/// HTTP servers that delay and fail on purpose, and repeatably
///
/// LOCAL answers at once, DELAY after half a second, ERROR fails for a quarter of the codes and delays half of them. They
/// serve flags at http://localhost:PORT/flags/br/br.gif on the ports 8001, 8002 and 8003 (FLAGS_PORTS=a,b,c moves them; 0
/// is a free port) until SIGINT or SIGTERM. With --serve there are servers of your own instead.
///
/// A PLAN is PERCENT:FAULT[=ARGUMENT][+FAULT...], several with commas between; --list-faults has the faults.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_override_self = true, after_help = AFTER_HELP)]
struct Args {
    /// A server on this port (0: a free one) under this plan instead of the three; repeatable
    #[arg(long, value_name = "PORT[=PLAN]")]
    serve: Vec<String>,

    /// Another plan for LOCAL, DELAY or ERROR; repeatable
    #[arg(long, value_name = "NAME=PLAN", conflicts_with = "serve")]
    label: Vec<String>,

    /// The faults a plan can name, and what a client sees of each
    #[arg(long)]
    list_faults: bool,

    /// What decides which codes meet which fault
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,

    /// The delay of DELAY and ERROR, such as 500ms or 2s
    #[arg(long, value_name = "DURATION", default_value = "500ms", conflicts_with = "serve", value_parser = delay)]
    delay: Duration,

    /// For how many percent of the codes ERROR fails, decimals allowed
    #[arg(long, value_name = "PERCENT", default_value_t = Tuning::default().error_rate, conflicts_with = "serve")]
    error_rate: f64,

    /// A folder with files such as br/br.gif to serve instead of the built-in flags, read at the start
    #[arg(long, value_name = "DIR")]
    flags_dir: Option<PathBuf>,

    /// The address to listen on [default: 127.0.0.1 and, where there is one, ::1]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,

    /// Open the control paths /__... where the server does not listen on loopback alone
    #[arg(long)]
    admin: bool,

    /// A line per request on standard error: time, server, code, faults, status, bytes, milliseconds
    #[arg(short, long)]
    verbose: bool,
}

const AFTER_HELP: &str = "\
Examples:
  test-server --serve 9000='10:reset,50:delay=uniform(100ms..2s)'
  test-server --label ERROR=30:hang-body -v
  curl localhost:8001/__stats
  curl -X PUT -d 100:status=503+retry-after=2s localhost:8001/__plan
  curl 'localhost:8001/flags/br/br.gif?plan=100:drip'

The last line on standard output when all are ready is JSON.";

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list_faults {
        return list_faults();
    }
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

/// With fewer descriptors the runtime cannot watch for signals, and says so by a panic.
const MINIMUM_FILES: u64 = 8;

fn delay(text: &str) -> Result<Duration, String> {
    let delay = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    // The plan language has the same bound.
    let longest = Duration::from_secs(366 * 24 * 60 * 60);
    if delay > longest {
        Err("at most 366 days".to_owned())
    } else {
        Ok(delay)
    }
}

fn list_faults() -> ExitCode {
    let faults: Vec<_> = test_server::list_faults().collect();
    let width = faults
        .iter()
        .map(|(fault, _)| fault.len())
        .max()
        .unwrap_or(0);
    let list: String = faults
        .iter()
        .map(|(fault, seen)| format!("{fault:width$}  {seen}\n"))
        .collect();
    // Whoever has read enough may close the pipe.
    let _ = io::stdout().write_all(list.as_bytes());
    ExitCode::SUCCESS
}

/// One message: what is wrong, and why.
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

/// A server that was asked for.
struct Wanted {
    name: String,
    port: u16,
    plan: Plan,
}

/// LOCAL, DELAY and ERROR.
fn labelled(args: &Args) -> Result<Vec<Wanted>, Box<dyn Error>> {
    let ports = Ports::from_env()?;
    let tuning = Tuning {
        delay: args.delay,
        error_rate: args.error_rate,
    };
    let mut wanted = Vec::new();
    for label in Label::ALL {
        let plan = label.plan(&tuning);
        let plan = plan.map_err(|error| format!("--error-rate: {}", error.message()))?;
        wanted.push(Wanted {
            name: label.name().to_owned(),
            port: ports.of(label),
            plan,
        });
    }
    for change in &args.label {
        let named = change.split_once('=');
        let named = named.and_then(|(name, plan)| Some((Label::find(name.trim())?, plan)));
        let (label, plan) = named.ok_or_else(|| {
            format!("--label must be LOCAL, DELAY or ERROR, then =PLAN, not '{change}'")
        })?;
        for server in wanted
            .iter_mut()
            .filter(|server| server.name == label.name())
        {
            server.plan = plan.parse()?;
        }
    }
    Ok(wanted)
}

/// Servers of the user's own.
fn own(args: &Args) -> Result<Vec<Wanted>, Box<dyn Error>> {
    let own = |(i, text): (usize, &String)| {
        let (port, plan) = text.split_once('=').unwrap_or((text, ""));
        let port: u16 = port
            .trim()
            .parse()
            .map_err(|_| format!("--serve must begin with a port from 0 to 65535, not '{text}'"))?;
        Ok(Wanted {
            name: format!("SERVER-{}", i + 1),
            port,
            plan: plan.parse()?,
        })
    };
    args.serve.iter().enumerate().map(own).collect()
}

/// What was asked for, checked.
struct Setup {
    servers: Vec<(Wanted, Builder)>,
}

impl Setup {
    fn new(args: &Args) -> Result<Self, Box<dyn Error>> {
        let wanted = if args.serve.is_empty() {
            labelled(args)?
        } else {
            own(args)?
        };
        let group = Group::new();
        let servers = wanted.into_iter().map(|wanted| {
            let mut builder = TestServer::builder()
                .group(&group)
                .name(&wanted.name)
                .with_plan(wanted.plan.clone())
                .seed(args.seed)
                .port(wanted.port);
            if let Some(address) = args.bind {
                builder = builder.address(address);
            }
            if let Some(folder) = &args.flags_dir {
                builder = builder.flags_dir(folder);
            }
            if args.admin {
                builder = builder.admin();
            }
            if args.verbose {
                builder = builder.access_log();
            }
            (wanted, builder)
        });
        Ok(Self {
            servers: servers.collect(),
        })
    }

    fn run(self) -> Result<(), Box<dyn Error>> {
        if let Some(few) =
            test_server::raise_descriptor_limit().filter(|&limit| limit < MINIMUM_FILES)
        {
            return Err(
                format!("this process may open no more than {few} files: see `ulimit -n`").into(),
            );
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        // Before anything says "ready": who reads that may send the signal at once.
        let end = runtime.block_on(async { end_signal() })?;

        let mut running = Vec::new();
        for (wanted, builder) in self.servers {
            running.push(
                builder
                    .start()
                    .map_err(|error| StartError::new(error, wanted))?,
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
    fn new(source: io::Error, Wanted { name, port, .. }: Wanted) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { name, port },
            _ => Self::Other { name, source },
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
