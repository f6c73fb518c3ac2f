//! The arguments as typed: clap's struct. Checks that need several arguments are in `config` and `mode`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, ValueHint};
use clap_complete::Shell;

use crate::cli::values::{
    ExecutorKind, Header, List, Login, count, executor, header, limits, login, rate, seconds, size,
    strategies, whole_number,
};
use crate::console::colors::When;
use crate::report::Format;
use crate::strategy::Strategy;

const AFTER_HELP: &str = "\
Examples:
  flags br us                         Flags of Brazil and the United States
  flags -s DELAY b                    BA to BZ, each answer delayed by half a second
  flags -s ERROR -e -m 200 -v         Every code, from a server that fails for a quarter
  flags -s http://127.0.0.1:9000/flags -a
                                      All 194 flags from your own server
  flags -s ERROR -e --report r.json   Outcome and times of each code as JSON
  flags -s DELAY b --compare          The three strategies side by side
  flags --failed r.json --retries 3   What failed, again, with up to 3 retries each
  flags --input urls.txt              Every URL of a list, one per line

The environment variable FLAGS_PORTS=a,b,c sets the ports of LOCAL, DELAY and ERROR (default 8001,8002,8003).

Exit codes: 0 every flag was saved or does not exist, 1 errors, 2 usage error, 3 cannot write, \
129 SIGHUP, 130 SIGINT, 131 SIGQUIT, 141 closed pipe, 143 SIGTERM.";

const EXECUTOR_HELP: &str = if cfg!(feature = "nats") {
    "Where a list is downloaded: local, or nats for ranges of it on workers [default: local; with --nats: nats]"
} else {
    "Where a list is downloaded: local; or nats, in a program that was built with `--features nats` [default: local]"
};

const CODES: &str = "Codes";
const DOWNLOADS: &str = "Downloads";
const CONNECTIONS: &str = "Connections";
const COMPARISON: &str = "Comparison";
const OUTPUT: &str = "Output";
const HELP: &str = "Help";

/// Download country flags and compare concurrency strategies
///
/// Downloads flags one after another, on a thread pool, or concurrently on a single thread, and reports how each download
/// ended. LOCAL, DELAY and ERROR are servers on this machine that answer at once, after half a second, or with faults;
/// flags starts them if they are not running.
///
// Hidden aliases of options are prefixes that were unique before other options got the same first letters, or in the
// original program. They keep their meaning.
#[derive(Debug, Parser)]
#[command(
    name = "flags",
    version,
    disable_help_flag = true, // both are declared below, to have a heading
    disable_version_flag = true,
    infer_long_args = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub(super) struct Args {
    /// Country code, or first letter (B for BA to BZ), in any case [default: the 20 most populous countries]
    #[arg(value_name = "CC")]
    pub(super) cc: Vec<OsString>,

    /// Download all 194 flags, AD to ZW
    #[arg(short, long, aliases = ["a", "al"], help_heading = CODES)]
    pub(super) all: bool,

    /// Request all 676 possible codes, AA to ZZ
    #[arg(short, long, aliases = ["e"], help_heading = CODES)]
    pub(super) every: bool,

    /// Use only the first N of the sorted codes, or of the list
    #[arg(short, long, aliases = ["l", "li"], value_name = "N", value_parser = whole_number, allow_negative_numbers = true, help_heading = CODES)]
    pub(super) limit: Option<i64>,

    /// Download the codes, or the lines of the list, that failed or were not attempted in an earlier run, read from its .json or .jsonl
    /// report ('-' for standard input)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CODES)]
    pub(super) failed: Option<PathBuf>,

    /// Download the URLs of a list instead of flags: one per line, optionally a tab and a file name, or JSON lines with url, name, sha256 and size ('-' for standard input)
    #[arg(long, aliases = ["i", "in"], value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CODES)]
    pub(super) input: Option<PathBuf>,

    /// Print the codes that would be requested, with their URLs, instead of downloading them
    #[arg(long, help_heading = CODES)]
    pub(super) list: bool,

    /// Server to download from: LOCAL, DELAY, ERROR, REMOTE, or a base URL [default: LOCAL]
    #[arg(short, long, alias = "s", value_name = "LABEL", help_heading = DOWNLOADS)]
    pub(super) server: Option<String>,

    /// sequential, threadpool or semaphore; with --compare, several separated by commas [default: semaphore; with --compare: all]
    #[arg(long, value_name = "STRATEGY", value_parser = strategies, help_heading = DOWNLOADS)]
    pub(super) strategy: Option<List<Strategy>>,

    #[arg(long, value_name = "EXECUTOR", value_parser = executor, help = EXECUTOR_HELP, help_heading = DOWNLOADS)]
    pub(super) executor: Option<ExecutorKind>,

    /// Maximum number of concurrent requests, up to 1000 [default: 30; sequential: always 1]
    #[arg(short,
        long = "max_req",
        aliases = ["max-req", "m", "ma", "max", "max-"],
        value_name = "CONCURRENT",
        value_parser = whole_number,
        allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) max_req: Option<i64>,

    /// Maximum number of concurrent requests to one server: scheme, host and port [default: as many as --max_req]
    #[arg(long, value_name = "N", value_parser = whole_number, allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) max_per_host: Option<i64>,

    /// Maximum number of requests per second of the whole run, evenly spaced, retries included; decimals are allowed
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) rate: Option<f64>,

    /// Folder to save flags in, created if missing [default: downloads]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = DOWNLOADS)]
    pub(super) dest: Option<PathBuf>,

    /// Do not download flags that are already there and complete
    #[arg(long, help_heading = DOWNLOADS)]
    pub(super) skip_existing: bool,

    /// Wait until each flag and each report is on the disk with its name, so that a crash of the machine loses none of them
    #[arg(long, help_heading = DOWNLOADS)]
    pub(super) fsync: bool,

    /// Time limit for one request, including connecting; decimals are allowed
    #[arg(long,
        value_name = "SECONDS",
        default_value = "30",
        value_parser = seconds,
        allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) timeout: Duration,

    /// Time limit for establishing a connection
    #[arg(long,
        value_name = "SECONDS",
        default_value = "5",
        value_parser = seconds,
        allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) connect_timeout: Duration,

    /// Stop the whole run or comparison after this time: downloads in progress are cancelled, the others are not attempted. Exit code 1
    #[arg(long,
        value_name = "SECONDS",
        value_parser = seconds,
        allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) max_time: Option<Duration>,

    /// Maximum size of a flag, such as 65536, 64KiB or 1MB [default: 1MiB; with --input: none]
    #[arg(long,
        value_name = "BYTES",
        value_parser = size,
        allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) size_limit: Option<u64>,

    /// Retry transient failures up to N times per flag
    #[arg(long,
        value_name = "N",
        default_value = "0",
        value_parser = count,
        allow_negative_numbers = true, help_heading = DOWNLOADS)]
    pub(super) retries: u32,

    /// Follow redirects from https to http, which are refused otherwise
    #[arg(long, aliases = ["allo", "allow", "allow-"], help_heading = DOWNLOADS)]
    pub(super) allow_downgrade: bool,

    /// With --input: save bodies that do not say where they end, although they may be cut
    #[arg(long, help_heading = DOWNLOADS)]
    pub(super) allow_unframed: bool,

    /// With --input: save each file in folders as in its URL, HOST/PATH, below the folder of --dest
    #[arg(long, help_heading = DOWNLOADS)]
    pub(super) keep_paths: bool,

    /// Send this header with each request, such as 'Accept: image/gif'; may be repeated. Authorization, Cookie and
    /// Proxy-Authorization are not sent to the server of a redirect
    #[arg(long, value_name = "HEADER", value_parser = header, help_heading = CONNECTIONS)]
    pub(super) header: Vec<Header>,

    /// Log in to each server with a name and a password (basic). Other users of this machine can see it; --netrc hides it
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = login, help_heading = CONNECTIONS)]
    pub(super) user: Option<Login>,

    /// Read logins from .netrc in the home folder, each for its own host
    #[arg(long, help_heading = CONNECTIONS)]
    pub(super) netrc: bool,

    /// Read logins from this netrc file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CONNECTIONS)]
    pub(super) netrc_file: Option<PathBuf>,

    /// Send all requests through this proxy, except to the hosts of NO_PROXY; '' for none [default: that of the environment]
    #[arg(long, aliases = ["p"], value_name = "URL", value_hint = ValueHint::Url, help_heading = CONNECTIONS)]
    pub(super) proxy: Option<String>,

    /// Trust the certificates in this file (PEM) besides those of the system
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CONNECTIONS)]
    pub(super) cacert: Option<PathBuf>,

    /// Accept every certificate of a server, so that anyone in between can read and change what is sent
    #[arg(long, help_heading = CONNECTIONS)]
    pub(super) insecure: bool,

    /// Use HTTP/2 where an https server offers it
    #[arg(long, help_heading = CONNECTIONS)]
    pub(super) http2: bool,

    /// Run each strategy in its own process, one after another, and compare them
    #[arg(long, aliases = ["com", "comp"], help_heading = COMPARISON)]
    pub(super) compare: bool,

    /// With --compare: number of rounds in which each strategy runs once [default: short runs are repeated until their noise is known]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = COMPARISON)]
    pub(super) rounds: Option<u32>,

    /// With --compare: number of warm-up rounds, which are not measured [default: 0]
    #[arg(long, aliases = ["w"], value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = COMPARISON)]
    pub(super) warmup: Option<u32>,

    /// With --compare: connection limits to compare, such as 1,5,26,100
    #[arg(long,
        value_name = "LIMITS",
        value_parser = limits,
        allow_negative_numbers = true, help_heading = COMPARISON)]
    pub(super) at: Option<List<i64>>,

    #[cfg(feature = "nats")]
    #[command(flatten)]
    pub(super) nats: crate::cli::nats::NatsArgs,

    /// Print a line per code instead of the progress bar
    #[arg(short, long, aliases = ["v", "ve", "ver"], help_heading = OUTPUT)]
    pub(super) verbose: bool,

    /// Print only the summary and fatal errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) quiet: bool,

    // The help text is a function because the suffixes are listed only in `Format::SUFFIXES`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help = report_help(), help_heading = OUTPUT)]
    pub(super) report: Vec<PathBuf>,

    /// Exit with code 1 if the server does not have a flag
    #[arg(long, help_heading = OUTPUT)]
    pub(super) fail_on_not_found: bool,

    /// When to use colours: auto, always or never. NO_COLOR and CLICOLOR_FORCE change the default
    #[arg(
        long,
        alias = "colour",
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        ignore_case = true,
        help_heading = OUTPUT
    )]
    pub(super) color: When,

    /// Print this text; -h prints a short one
    #[arg(short, long, aliases = ["h", "he"], action = ArgAction::Help, help_heading = HELP)]
    help: Option<bool>,

    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = HELP)]
    version: Option<bool>,

    /// Print the manual page
    #[arg(long, help_heading = HELP)]
    pub(super) man: bool,

    /// Print completions for a shell: bash, zsh, fish, elvish or powershell
    #[arg(
        long,
        value_name = "SHELL",
        hide_possible_values = true,
        ignore_case = true,
        help_heading = HELP
    )]
    pub(super) completions: Option<Shell>,

    /// One run of a comparison. Named differently from its field, so that `--comp` still abbreviates `--compare`.
    #[arg(long = "one-of-several", hide = true, conflicts_with_all = ["compare", "skip_existing"])]
    pub(super) compared_run: bool,
}

/// Returns the help text of `--report`.
fn report_help() -> String {
    format!(
        "Write a report to a file ending in {}; '-' prints JSON on standard output instead of the summary; may be repeated",
        Format::SUFFIXES
    )
}
