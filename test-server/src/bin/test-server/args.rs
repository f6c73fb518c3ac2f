//! The command line options as they are typed.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use test_server::{DEFAULT_SEED, Tuning};

/// HTTP servers that delay and fail on purpose, reproducibly, for testing HTTP clients
///
/// LOCAL answers at once, DELAY after half a second. ERROR fails for a quarter of the codes and delays half of the
/// codes, or the others if fewer are left. They serve flags at http://localhost:PORT/flags/br/br.gif until SIGINT or SIGTERM. Their ports are 8001, 8002
/// and 8003; FLAGS_PORTS=a,b,c sets other ports, and 0 picks a free one. --serve and --tcp start servers of your own instead.
///
/// A PLAN is a comma-separated list of PERCENT:FAULT[=ARGUMENT][+FAULT...]. --list-faults prints the faults.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Start a server on this port (0: a free one) with this plan instead of the three servers; repeatable
    #[arg(long, value_name = "PORT[=PLAN]")]
    pub(crate) serve: Vec<String>,

    /// Start the servers of this file instead, each with a plan and other settings of its own
    #[cfg(feature = "config")]
    #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["serve", "label", "delay", "error_rate", "flags_dir"])]
    pub(crate) config: Option<PathBuf>,
    /// Pass connections to this port on to another server, of any protocol, under a plan of the faults tcp-...;
    /// repeatable
    #[cfg(feature = "tcp")]
    #[arg(long, value_name = "PORT=HOST:PORT[=PLAN]")]
    #[cfg_attr(feature = "config", arg(conflicts_with = "config"))]
    pub(crate) tcp: Vec<String>,

    /// Give LOCAL, DELAY or ERROR another plan; repeatable, and the last one for a name counts
    #[arg(long, value_name = "NAME=PLAN", conflicts_with = "serve")]
    pub(crate) label: Vec<String>,

    /// Print the faults that a plan can name, and what a client sees of each
    #[arg(long)]
    pub(crate) list_faults: bool,

    /// Set the seed, which decides which codes meet which faults
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    /// Draw faults for paths other than those of flags by their query as well, not only by method and path
    #[arg(long)]
    pub(crate) draw_by_query: bool,

    /// Set the delay of DELAY and ERROR, such as 500ms or 2s
    #[arg(long, value_name = "DURATION", default_value = "500ms", conflicts_with = "serve", value_parser = parse_duration)]
    pub(crate) delay: Duration,

    /// Set the percentage of codes for which ERROR fails; decimals are allowed
    #[arg(long, value_name = "PERCENT", default_value_t = Tuning::default().error_rate, conflicts_with = "serve")]
    pub(crate) error_rate: f64,

    /// Serve files such as br/br.gif from this folder, read once at the start, instead of the built-in flags
    #[arg(long, value_name = "DIR")]
    pub(crate) flags_dir: Option<PathBuf>,

    /// Forward requests to this server, such as http://127.0.0.1:3000, under the plans of --serve
    #[cfg(feature = "proxy")]
    #[arg(
        long,
        value_name = "URL",
        requires = "serve",
        conflicts_with = "flags_dir"
    )]
    pub(crate) upstream: Option<test_server::Upstream>,

    /// Serve the files of this folder, under the plans of --serve
    #[cfg(feature = "files")]
    #[arg(long, value_name = "DIR", requires = "serve", conflicts_with_all = ROOT_CONFLICTS)]
    pub(crate) root: Option<PathBuf>,

    /// Answer the most used paths of httpbin as well, such as /status/503 and /anything
    #[cfg(feature = "httpbin")]
    #[arg(long, requires = "serve")]
    pub(crate) httpbin: bool,

    /// Add X-Forwarded-For, -Host and -Proto to forwarded requests
    #[cfg(feature = "proxy")]
    #[arg(long, requires = "upstream")]
    pub(crate) x_forwarded: bool,
    /// Serve over TLS, with certificates by an authority that is made at the start
    #[cfg(feature = "tls")]
    #[arg(long)]
    pub(crate) tls: bool,

    /// Write the certificate of that authority to this file, in PEM, for clients that are to trust it
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_out: Option<PathBuf>,

    /// Listen on this address only [default: 127.0.0.1 and, if the machine has it, ::1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<IpAddr>,

    /// Open the control paths /__... also on servers that do not listen on loopback alone
    #[arg(long)]
    pub(crate) admin: bool,

    /// Open a port (0: a free one) of control paths alone, over plain HTTP, for all servers and proxies: /NAME/__plan
    #[arg(long, value_name = "PORT")]
    pub(crate) control: Option<u16>,

    /// Let requests to this host use the control paths as well, such as a service of Docker Compose; repeatable
    #[arg(long, value_name = "NAME", value_parser = parse_host)]
    pub(crate) allow_host: Vec<String>,

    /// Open the control paths to requests with 'Authorization: Bearer TOKEN', from everywhere, and to no others
    #[arg(
        long,
        value_name = "TOKEN",
        env = "TEST_SERVER_TOKEN",
        hide_env_values = true,
        value_parser = parse_token
    )]
    pub(crate) token: Option<String>,

    /// Let pages of other sites read the responses (CORS), except for the page and, without a token, the control paths
    #[cfg(feature = "cors")]
    #[arg(long)]
    pub(crate) cors: bool,

    /// Close a connection if the head of a request, or the client in a TLS handshake, takes longer than this
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub(crate) header_timeout: Duration,

    /// Record the last N requests, which GET /__requests returns
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) journal: usize,

    /// Print a line per request on standard error: time, server, code, faults, status, bytes, milliseconds
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[cfg(all(feature = "files", feature = "proxy"))]
const ROOT_CONFLICTS: [&str; 2] = ["flags_dir", "upstream"];

#[cfg(all(feature = "files", not(feature = "proxy")))]
const ROOT_CONFLICTS: [&str; 1] = ["flags_dir"];
#[cfg(feature = "tls")]
impl Args {
    pub(crate) fn has_tls(&self) -> bool {
        self.tls
    }

    pub(crate) fn ca_out(&self) -> Option<&Path> {
        self.ca_out.as_deref()
    }
}

impl Args {
    /// Returns whether LOCAL, DELAY and ERROR are to be started.
    pub(crate) fn starts_labelled(&self) -> bool {
        #[cfg(feature = "tcp")]
        let has_proxies = !self.tcp.is_empty();
        #[cfg(not(feature = "tcp"))]
        let has_proxies = false;
        self.serve.is_empty() && (!has_proxies || !self.label.is_empty())
    }
}

#[cfg(not(feature = "tls"))]
impl Args {
    pub(crate) fn has_tls(&self) -> bool {
        false
    }

    pub(crate) fn ca_out(&self) -> Option<&Path> {
        None
    }
}

const AFTER_HELP: &str = "\
Examples:
  test-server --serve 9000='10:reset,50:delay=uniform(100ms..2s)'
  test-server --serve 9000='25:reset,50:delay=200ms' --upstream http://127.0.0.1:3000
  test-server --serve 9000=10:drip --root ./public
  test-server --config servers.toml
  test-server --label ERROR=30:hang-body -v
  test-server --tcp '6380=127.0.0.1:6379=10:tcp-reset=1000,50:tcp-latency=100ms'
  test-server --serve 9443=25:tls-expired --tls --ca-out ca.pem --control 9900
  curl localhost:8001/__stats
  curl -X PUT -d 100:status=503+retry-after=2s localhost:8001/__plan
  curl localhost:9900/SERVER-1/__stats
  curl 'localhost:8001/flags/br/br.gif?plan=100:drip'

When all servers are ready, the last line on standard output is JSON.";

/// Refuses tokens that no request can have: a header has no control characters, and blanks end a token.
fn parse_token(text: &str) -> Result<String, String> {
    let is_right = |c: char| !c.is_whitespace() && !c.is_control();
    match !text.is_empty() && text.chars().all(is_right) {
        true => Ok(text.to_owned()),
        false => Err("a token has at least one character, and no blanks".to_owned()),
    }
}

/// Refuses hosts that no request can address: a name has no port, and an IP address no brackets.
fn parse_host(text: &str) -> Result<String, String> {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = !text.is_empty() && text.chars().all(is_in_name);
    match is_name || text.parse::<IpAddr>().is_ok() {
        true => Ok(text.to_owned()),
        false => {
            Err("a host is a name of letters, digits, '-', '_' and '.', without a port".to_owned())
        }
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration > Tuning::MAX_DELAY {
        Err("must be at most 366 days".to_owned())
    } else {
        Ok(duration)
    }
}
