//! The command line: its options as they are typed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use test_server::{DEFAULT_SEED, Tuning};

/// HTTP servers that delay and fail on purpose, and repeatably
///
/// LOCAL answers at once, DELAY after half a second, ERROR fails for a quarter of the codes and delays half of them. They
/// serve flags at http://localhost:PORT/flags/br/br.gif on the ports 8001, 8002 and 8003 (FLAGS_PORTS=a,b,c moves them; 0
/// is a free port) until SIGINT or SIGTERM. With --serve there are servers of your own instead.
///
/// A PLAN is PERCENT:FAULT[=ARGUMENT][+FAULT...], several with commas between; --list-faults has the faults.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A server on this port (0: a free one) under this plan instead of the three; repeatable
    #[arg(long, value_name = "PORT[=PLAN]")]
    pub(crate) serve: Vec<String>,

    /// Another plan for LOCAL, DELAY or ERROR; repeatable
    #[arg(long, value_name = "NAME=PLAN", conflicts_with = "serve")]
    pub(crate) label: Vec<String>,

    /// The faults a plan can name, and what a client sees of each
    #[arg(long)]
    pub(crate) list_faults: bool,

    /// What decides which codes meet which fault
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    /// The delay of DELAY and ERROR, such as 500ms or 2s
    #[arg(long, value_name = "DURATION", default_value = "500ms", conflicts_with = "serve", value_parser = delay)]
    pub(crate) delay: Duration,

    /// For how many percent of the codes ERROR fails, decimals allowed
    #[arg(long, value_name = "PERCENT", default_value_t = Tuning::default().error_rate, conflicts_with = "serve")]
    pub(crate) error_rate: f64,

    /// A folder with files such as br/br.gif to serve instead of the built-in flags, read at the start
    #[arg(long, value_name = "DIR")]
    pub(crate) flags_dir: Option<PathBuf>,

    /// The address to listen on [default: 127.0.0.1 and, where there is one, ::1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<IpAddr>,

    /// Open the control paths /__... where the server does not listen on loopback alone
    #[arg(long)]
    pub(crate) admin: bool,

    /// A line per request on standard error: time, server, code, faults, status, bytes, milliseconds
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

const AFTER_HELP: &str = "\
Examples:
  test-server --serve 9000='10:reset,50:delay=uniform(100ms..2s)'
  test-server --label ERROR=30:hang-body -v
  curl localhost:8001/__stats
  curl -X PUT -d 100:status=503+retry-after=2s localhost:8001/__plan
  curl 'localhost:8001/flags/br/br.gif?plan=100:drip'

The last line on standard output when all are ready is JSON.";

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
