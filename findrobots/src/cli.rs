//! The command line: the arguments as typed, and the settings they mean.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use harness::{Cluster, Mode, SeriesArgs};

use crate::inputs::Select;
use crate::jobs::Robots;

const PROGRAM: &str = "findrobots";

const AFTER_HELP: &str = "\
Examples:
  findrobots logs                            Hosts that requested /robots.txt, from logs/*.log.gz
  findrobots --count logs | head             The most frequent ones
  findrobots --executor processes -j 4 logs  On four worker processes
  findrobots --compare logs                  One after another, threads and processes side by side
  findrobots --path /wp- --path-prefix logs  Hosts that requested anything that begins with /wp-
  tail -n 100000 access.log | findrobots -   From standard input

Formats: gzip (also with several members, and BGZF), zstd, bzip2, xz and plain text, recognised by their first bytes.

Exit codes: 0 every file was read whole, 1 at least one was not, 2 usage error or no matching file, \
3 cannot write, 129 SIGHUP, 130 SIGINT, 131 SIGQUIT, 141 closed pipe, 143 SIGTERM.";

/// Find the hosts that requested /robots.txt in Apache logs
///
/// Prints them sorted, one a line. The fields of a line are separated by white space; a host counts if field 6 (from 0) of one
/// of its lines is the path.
#[derive(Debug, Parser)]
#[command(
    name = PROGRAM,
    version,
    infer_long_args = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
struct Args {
    /// Folder, file, or '-' for standard input
    #[cfg_attr(not(feature = "nats"), arg(value_name = "LOGS", required = true))]
    #[cfg_attr(
        feature = "nats",
        arg(value_name = "LOGS", required_unless_present = "worker")
    )]
    logs: Vec<OsString>,

    /// Files of a folder that are read; may be repeated [default: *.log.gz]
    #[arg(long, value_name = "PATTERN")]
    glob: Vec<String>,

    /// Also read the folders in a folder
    #[arg(short, long)]
    recursive: bool,

    /// Path of the requests to find
    #[arg(long, value_name = "PATH", default_value = "/robots.txt")]
    path: String,

    /// Find all paths that begin with PATH
    #[arg(long)]
    path_prefix: bool,

    /// Only requests with this status, such as 200
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,

    /// Only requests with this method, such as GET
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,

    /// Print the number of requests before each host, most requests first
    #[arg(short, long)]
    count: bool,

    /// Print the hosts, and what was read, as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,

    /// Print the hosts and their requests as CSV
    #[arg(long)]
    csv: bool,

    /// Split every line, and report the malformed ones
    #[arg(long)]
    strict: bool,

    /// Print only the hosts and errors
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    series: SeriesArgs,

    #[cfg(feature = "nats")]
    #[command(flatten)]
    nats: harness::NatsArgs,
}

/// The settings of the program.
#[derive(Debug)]
pub(crate) struct Config {
    /// The words that name the logs.
    pub(crate) logs: Vec<OsString>,
    /// Which files of a folder are read.
    pub(crate) select: Select,
    /// What is searched.
    pub(crate) job: Robots,
    /// Whether malformed lines are reported.
    pub(crate) strict: bool,
    /// How the hosts are printed.
    pub(crate) format: Format,
    /// Whether hosts are sorted by their numbers of requests.
    pub(crate) by_requests: bool,
    /// Whether only hosts and errors are printed.
    pub(crate) quiet: bool,
    /// A run or a comparison.
    pub(crate) mode: Mode,
    /// The files of `--report`.
    pub(crate) reports: Vec<PathBuf>,
    /// The workers on other machines that run the search.
    pub(crate) cluster: Option<Cluster>,
    /// Whether files are sent to these workers.
    #[cfg(feature = "nats")]
    pub(crate) carries_files: bool,
    /// The cluster that this process is to be a worker of, instead of all else.
    #[cfg(feature = "nats")]
    pub(crate) worker: Option<Cluster>,
    /// The number of threads of a worker.
    #[cfg(feature = "nats")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
}

/// How hosts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One host per line, with its number of requests if they are sorted by it.
    Lines,
    /// As JSON.
    Json,
    /// As CSV.
    Csv,
}

impl Config {
    /// Returns the settings that the arguments mean. The first argument is the name of the program.
    ///
    /// # Errors
    /// A usage error, or the text of `--help` or `--version`, as clap formats them.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args = Args::try_parse_from(args)?;
        let cluster = cluster(&args);
        let mode = args
            .series
            .mode_with(cluster.is_some())
            .map_err(|invalid| usage_error(&invalid.0))?;
        let select = Select::new(&args.glob, args.recursive)
            .map_err(|error| usage_error(&format!("--glob PATTERN: {error}")))?;
        if matches!(mode, Mode::Compare(_)) && args.logs.iter().any(|word| word == "-") {
            return Err(usage_error("--compare cannot read '-' several times"));
        }
        Ok(Self {
            job: job(&args)?,
            logs: args.logs,
            select,
            strict: args.strict,
            format: match (args.json, args.csv) {
                (true, _) => Format::Json,
                (false, true) => Format::Csv,
                (false, false) => Format::Lines,
            },
            by_requests: args.count,
            quiet: args.quiet,
            mode,
            reports: args.series.reports().to_vec(),
            cluster,
            #[cfg(feature = "nats")]
            carries_files: args.nats.via_object_store(),
            #[cfg(feature = "nats")]
            worker: args.nats.worker(PROGRAM),
            #[cfg(feature = "nats")]
            threads: args.series.workers(),
        })
    }
}

/// Returns the cluster that runs the search.
#[cfg(feature = "nats")]
fn cluster(args: &Args) -> Option<Cluster> {
    args.nats.cluster(PROGRAM)
}

#[cfg(not(feature = "nats"))]
fn cluster(_args: &Args) -> Option<Cluster> {
    None
}

fn job(args: &Args) -> Result<Robots, clap::Error> {
    let invalid = |option: &str, value: &str| {
        usage_error(&format!(
            "{option} must be one word without white space, not '{value}'"
        ))
    };
    let mut job = Robots::default()
        .as_prefix(args.path_prefix)
        .with_path(&*args.path)
        .ok_or_else(|| invalid("--path PATH", &args.path))?;
    if let Some(status) = &args.status {
        let with = job.with_status(&**status);
        job = with.ok_or_else(|| invalid("--status STATUS", status))?;
    }
    if let Some(method) = &args.method {
        let with = job.with_method(&**method);
        job = with.ok_or_else(|| invalid("--method METHOD", method))?;
    }
    Ok(job)
}

/// Returns a usage error in the form of those that clap detects.
pub(crate) fn usage_error(message: &str) -> clap::Error {
    use clap::CommandFactory as _;
    Args::command().error(clap::error::ErrorKind::ValueValidation, message)
}
