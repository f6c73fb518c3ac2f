//! What was typed, word for word: clap's struct, and what each value alone must look like.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Parser;

use crate::report::Format;
use crate::strategy::Strategy;

const AFTER_HELP: &str = "\
Examples:
  flags br us                    the flags of Brazil and the United States
  flags -s DELAY b               BA to BZ from a server that takes half a second for each
  flags -s ERROR -e -m 200 -v    every code from a server that fails for a quarter of them
  flags -s http://127.0.0.1:9000/flags -a    the 194 flags from a server of your own
  flags -s ERROR -e --report r.json          what became of each code, with times, for programs
  flags -s DELAY b --compare                 all three strategies side by side
  flags --failed r.json --retries 3          once more what failed, each up to four times

FLAGS_PORTS=a,b,c in the environment moves the ports of LOCAL, DELAY and ERROR (8001, 8002, 8003).

Exit codes: 0 every flag was saved or does not exist, 1 errors, 2 usage, 3 cannot write, \
130 SIGINT, 141 closed pipe, 143 SIGTERM.";

/// Download the flags of countries, and see what concurrency does
///
/// Flags are downloaded one after another, on a pool of threads, or all on one thread with a semaphore; the report says
/// what became of each. LOCAL, DELAY and ERROR are servers on this machine that answer at once, after half a second, or
/// with faults; they are started when nobody has.
#[derive(Debug, Parser)]
#[command(
    name = "flags",
    version,
    infer_long_args = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub(super) struct Args {
    /// Country code, or first letter (B for BA...BZ), in any case [default: the 20 most populous countries]
    #[arg(value_name = "CC")]
    pub(super) cc: Vec<OsString>,

    /// The 194 countries that have a flag, AD to ZW
    #[arg(short, long, alias = "a")]
    pub(super) all: bool,

    /// Every possible code, AA to ZZ: 676
    #[arg(short, long)]
    pub(super) every: bool,

    /// Only the first N of the sorted codes
    #[arg(short, long, value_name = "N", value_parser = whole_number, allow_negative_numbers = true)]
    pub(super) limit: Option<i64>,

    /// Most requests at a time, at most 1000 [default: 30; sequential: always 1]
    #[arg(
        short,
        long = "max_req",
        alias = "max-req",
        value_name = "CONCURRENT",
        value_parser = whole_number,
        allow_negative_numbers = true
    )]
    pub(super) max_req: Option<i64>,

    /// REMOTE, LOCAL, DELAY or ERROR, or a base URL of your own [default: LOCAL]
    #[arg(short, long, alias = "s", value_name = "LABEL")]
    pub(super) server: Option<String>,

    /// A line per code instead of the progress bar
    #[arg(short, long, aliases = ["v", "ve", "ver"])]
    pub(super) verbose: bool,

    /// sequential, threadpool or semaphore [default: semaphore; with --compare: all, or several with commas]
    #[arg(long, value_name = "STRATEGY", value_parser = list(strategy))]
    pub(super) strategy: Option<List<Strategy>>,

    /// Run the strategies one after another, each in a process of its own, and show them side by side
    #[arg(long)]
    pub(super) compare: bool,

    /// With --compare: run each N times, in turn [default: 1]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(super) rounds: Option<u32>,

    /// With --compare: run each N times before that, uncounted [default: 0]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(super) warmup: Option<u32>,

    /// With --compare: the connection limits to try, such as 1,5,26,100
    #[arg(
        long,
        value_name = "LIMITS",
        value_parser = list(whole_number),
        allow_negative_numbers = true
    )]
    pub(super) at: Option<List<i64>>,

    /// Where to save the flags; made when missing [default: downloads]
    #[arg(long, value_name = "DIR")]
    pub(super) dest: Option<PathBuf>,

    /// Leave flags that are there already, and whole, as they are
    #[arg(long)]
    pub(super) skip_existing: bool,

    /// The time one request may take, decimals allowed
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "30",
        value_parser = seconds,
        allow_negative_numbers = true
    )]
    pub(super) timeout: Duration,

    /// The time a connection may take to come about
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "5",
        value_parser = seconds,
        allow_negative_numbers = true
    )]
    pub(super) connect_timeout: Duration,

    /// The largest flag to accept, such as 65536, 64KiB or 1MB
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = size,
        allow_negative_numbers = true
    )]
    pub(super) size_limit: u64,

    /// Try again, up to N times a flag, what may be otherwise next time
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        value_parser = count,
        allow_negative_numbers = true
    )]
    pub(super) retries: u32,

    // Not a comment for the help: the suffixes are listed in one place.
    #[arg(long, value_name = "FILE", help = report_help())]
    pub(super) report: Vec<PathBuf>,

    /// Only the codes that failed or were not attempted in an earlier run, from its JSON report ('-': standard input)
    #[arg(long, value_name = "FILE")]
    pub(super) failed: Option<PathBuf>,

    /// A flag that the server does not have counts for exit code 1
    #[arg(long)]
    pub(super) fail_on_not_found: bool,

    /// No bar and no notices: the report alone
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// One run of a comparison. Not named like its field: `--comp` would no longer be short for `--compare`.
    #[arg(long = "one-of-several", hide = true)]
    pub(super) compared_run: bool,
}

fn report_help() -> String {
    format!(
        "What became of each code, to look at or for programs: a file that ends in {}, or '-' for JSON instead of the text; \
         may be repeated",
        Format::SUFFIXES
    )
}

/// Values with commas between. One value to clap, so that of several options the last counts, as everywhere.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

fn list<T>(
    one: fn(&str) -> Result<T, &'static str>,
) -> impl Fn(&str) -> Result<List<T>, &'static str> + Clone {
    move |text| text.split(',').map(one).collect::<Result<_, _>>().map(List)
}

/// A whole number of any size; one that does not fit becomes the largest or smallest that does.
fn whole_number(text: &str) -> Result<i64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("must be >= 1");
    }
    let largest = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Ok(text.parse().unwrap_or(largest))
}

/// A number above all that can be counted here is as good as the largest.
pub(super) fn at_least_one(number: i64) -> Option<NonZeroUsize> {
    if number < 1 {
        None
    } else {
        NonZeroUsize::new(usize::try_from(number).unwrap_or(usize::MAX))
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let number: Option<f64> = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0);
    let number = number.ok_or("must be a number of seconds > 0")?;
    // The only way to fail is to be too large for a duration; less than a nanosecond becomes none at all.
    let duration = Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX);
    Ok(duration.max(Duration::from_nanos(1)))
}

/// A whole number, which may be none at all; more than can be counted is the largest there is.
fn count(text: &str) -> Result<u32, &'static str> {
    match whole_number(text) {
        Ok(number) if number >= 0 => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        _ => Err("must be a whole number >= 0"),
    }
}

fn size(text: &str) -> Result<u64, &'static str> {
    let size = text.parse::<ByteSize>().ok().filter(|size| size.0 > 0);
    size.map(|size| size.0)
        .ok_or("must be a size > 0, such as 65536, 64KiB or 1MB")
}

fn strategy(text: &str) -> Result<Strategy, &'static str> {
    let mut strategies = Strategy::ALL.into_iter();
    let named = strategies.find(|strategy| text.eq_ignore_ascii_case(strategy.name()));
    named.ok_or("must be one of sequential, threadpool, semaphore")
}
