//! What was typed, and what it means.
//!
//! clap's struct holds the words; [`Config`] holds their meaning, and all cross-checks happen on the way from one to the
//! other, before any work. Usage errors have one form, that of the original program, whoever finds them. Prefixes of
//! options that were unique in the original keep their meaning: where inference no longer gives it, by a hidden alias.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser};
use test_server::Ports;

use crate::country::{CountryCode, Selection};
use crate::server::Server;
use crate::strategy::Strategy;

/// What one run is to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// The codes, sorted, at least one.
    pub codes: Vec<CountryCode>,
    /// Where flags come from.
    pub server: Server,
    /// The ports of the servers that a label names.
    pub ports: Ports,
    /// When flags are downloaded.
    pub strategy: Strategy,
    /// The connection limit: what was asked for, what the strategy can do, and what there is to do.
    pub connections: NonZeroUsize,
    /// The folder where flags go.
    pub dest: PathBuf,
    /// The time one flag may take.
    pub timeout: Duration,
    /// A line per code instead of the bar.
    pub verbose: bool,
    /// Nothing on standard error but what cannot be left unsaid.
    pub quiet: bool,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Stop {
    /// Help or version was asked for; the text is for standard output.
    Answer(String),
    /// What was typed makes no sense; the text, for standard error, says what, and ends with the usage line.
    Usage(String),
}

const AFTER_HELP: &str = "\
Examples:
  flags br us                    the flags of Brazil and the United States
  flags -s DELAY b               BA to BZ from a server that takes half a second for each
  flags -s ERROR -e -m 200 -v    every code from a server that fails for a quarter of them
  flags -s http://127.0.0.1:9000/flags -a    the 194 flags from a server of your own

FLAGS_PORTS=a,b,c in the environment moves the ports of LOCAL, DELAY and ERROR (8001, 8002, 8003).

Exit codes: 0 every flag was saved or does not exist, 1 errors, 2 usage, 3 cannot write, 130 SIGINT, \
141 closed pipe, 143 SIGTERM.";

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
struct Args {
    /// Country code, or first letter (B for BA...BZ), in any case [default: the 20 most populous countries]
    #[arg(value_name = "CC")]
    cc: Vec<OsString>,

    /// The 194 countries that have a flag, AD to ZW
    #[arg(short, long)]
    all: bool,

    /// Every possible code, AA to ZZ: 676
    #[arg(short, long)]
    every: bool,

    /// Only the first N of the sorted codes
    #[arg(short, long, value_name = "N", value_parser = whole_number, allow_negative_numbers = true)]
    limit: Option<i64>,

    /// Most requests at a time, at most 1000 [default: 30; sequential: always 1]
    #[arg(
        short,
        long = "max_req",
        alias = "max-req",
        value_name = "CONCURRENT",
        value_parser = whole_number,
        allow_negative_numbers = true
    )]
    max_req: Option<i64>,

    /// REMOTE, LOCAL, DELAY or ERROR, or a base URL of your own
    #[arg(
        short,
        long,
        alias = "s",
        value_name = "LABEL",
        default_value = "LOCAL"
    )]
    server: String,

    /// A line per code instead of the progress bar
    #[arg(short, long, aliases = ["v", "ve", "ver"])]
    verbose: bool,

    /// sequential, threadpool or semaphore
    #[arg(long, value_name = "STRATEGY", default_value = "semaphore", value_parser = strategy)]
    strategy: Strategy,

    /// Where to save the flags; made when missing
    #[arg(long, value_name = "DIR", default_value = "downloads")]
    dest: PathBuf,

    /// The time one flag may take, decimals allowed
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "30",
        value_parser = seconds,
        allow_negative_numbers = true
    )]
    timeout: Duration,

    /// No bar and no notices: the report alone
    #[arg(short, long)]
    quiet: bool,
}

impl Config {
    /// What the arguments mean, the name of the program first.
    ///
    /// # Errors
    /// [`Stop`] when help or version was asked for, and for the first thing that makes no sense.
    pub fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let args = Args::try_parse_from(args).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop::Answer(error.to_string()),
            _ => usage_error(&in_words(&error)),
        })?;
        Self::from_parsed(args).map_err(|message| usage_error(&message))
    }

    /// The checks, in the order of the original.
    fn from_parsed(args: Args) -> Result<Self, String> {
        let asked = match args.max_req {
            None => args.strategy.default_limit(),
            Some(number) => {
                at_least_one(number).ok_or("--max_req CONCURRENT must be >= 1".to_owned())?
            }
        };
        let limit = match args.limit {
            None => NonZeroUsize::MAX,
            Some(number) => at_least_one(number).ok_or("--limit N must be >= 1".to_owned())?,
        };
        let server = Server::parse(&args.server).map_err(|error| error.to_string())?;
        let ports = match server {
            Server::Labelled(_) => Ports::from_env().map_err(|error| error.to_string())?,
            Server::Remote | Server::Custom(_) => Ports::default(),
        };
        let selection = match args {
            Args { every: true, .. } => Selection::Every,
            Args { all: true, .. } => Selection::All,
            Args { ref cc, .. } => Selection::Words(cc),
        };
        let mut codes = selection.codes().map_err(|error| error.to_string())?;
        codes.truncate(limit.get());

        let flags =
            NonZeroUsize::new(codes.len()).expect("a selection and its limit are at least 1");
        Ok(Self {
            codes,
            server,
            ports,
            strategy: args.strategy,
            connections: asked.min(args.strategy.cap()).min(flags),
            dest: args.dest,
            timeout: args.timeout,
            verbose: args.verbose,
            quiet: args.quiet,
        })
    }
}

/// A number above all that can be counted here is as good as the largest.
fn at_least_one(number: i64) -> Option<NonZeroUsize> {
    if number < 1 {
        None
    } else {
        NonZeroUsize::new(usize::try_from(number).unwrap_or(usize::MAX))
    }
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

fn strategy(text: &str) -> Result<Strategy, &'static str> {
    let mut strategies = Strategy::ALL.into_iter();
    let named = strategies.find(|strategy| text.eq_ignore_ascii_case(strategy.name()));
    named.ok_or("must be one of sequential, threadpool, semaphore")
}

/// The one form of usage errors: a line that says what is wrong, and the usage.
fn usage_error(message: &str) -> Stop {
    Stop::Usage(format!(
        "*** Usage error: {message}\n{}\n",
        Args::command().render_usage()
    ))
}

/// What clap found, in the words of the original where it had some: `--limit N must be >= 1, not 'abc'`.
fn in_words(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.replace(['<', '>'], "")),
        _ => None,
    };
    let option = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue).filter(|value| !value.is_empty());
    let cause = std::error::Error::source(error);
    match (error.kind(), option, value, cause) {
        (ErrorKind::ValueValidation, Some(option), Some(value), Some(cause)) => {
            format!("{option} {cause}, not '{value}'")
        }
        (ErrorKind::UnknownArgument, Some(option), ..) => {
            match context(ContextKind::SuggestedArg).filter(|meant| is_shown(meant)) {
                Some(meant) => format!("there is no option {option}; did you mean {meant}?"),
                None => format!("there is no option {option}"),
            }
        }
        (ErrorKind::TooManyValues, Some(option), Some(value), _) => {
            format!("{option} takes no value, not even '{value}'")
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(option), None, _) => {
            format!("{option} is missing its value")
        }
        (ErrorKind::InvalidUtf8, ..) => "the value of an option is not UTF-8".to_owned(),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

/// Whether the help shows this option; to suggest a hidden alias such as `--s` would help nobody.
fn is_shown(option: &str) -> bool {
    let command = Args::command();
    let long = option.trim_start_matches("--");
    command
        .get_arguments()
        .any(|argument| argument.get_long() == Some(long))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Strategy;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    fn config(args: &[&str]) -> Config {
        let args = std::iter::once("flags")
            .chain(args.iter().copied())
            .map(OsString::from);
        match Config::from_args(args) {
            Ok(config) => config,
            Err(stop) => panic!("{stop:?}"),
        }
    }

    fn refused(args: &[&str]) -> String {
        let args = std::iter::once("flags")
            .chain(args.iter().copied())
            .map(OsString::from);
        match Config::from_args(args) {
            Err(Stop::Usage(text)) => {
                let (message, usage) = text.split_once('\n').unwrap();
                assert_eq!(usage, "Usage: flags [OPTIONS] [CC]...\n");
                message.trim_start_matches("*** Usage error: ").to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clap_finds_nothing_wrong_with_its_own_configuration() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_original() {
        let config = config(&[]);
        assert_eq!(config.codes.len(), 20);
        assert_eq!(config.server.name(), "LOCAL");
        assert_eq!(
            (config.strategy, config.connections.get()),
            (Strategy::Semaphore, 20)
        );
        assert_eq!(
            (config.dest.to_str(), config.timeout.as_secs()),
            (Some("downloads"), 30)
        );
        assert!(!config.verbose && !config.quiet);
    }

    #[test]
    fn connections_are_bounded_by_the_request_the_strategy_and_the_codes() {
        for (args, connections) in [
            (&["-a"][..], 30),
            (&["-a", "-m", "5"], 5),
            (&["-e", "-m", "5000"], 676),
            (&["-a", "-l", "3", "-m", "1000"], 3),
            (&["-a", "--strategy", "sequential"], 1),
            (&["-a", "--strategy", "sequential", "-m", "50"], 1),
            (
                &[
                    "-a",
                    "--strategy",
                    "threadpool",
                    "-m",
                    "99999999999999999999999",
                ],
                194,
            ),
        ] {
            assert_eq!(config(args).connections.get(), connections, "{args:?}");
        }
        assert_eq!(Strategy::Semaphore.cap().get(), 1000);
        assert_eq!(Strategy::ThreadPool.cap().get(), 1000);
    }

    #[test]
    fn every_beats_all_and_all_beats_codes_which_are_not_looked_at() {
        assert_eq!(config(&["-a", "-e", "?!"]).codes.len(), 676);
        assert_eq!(config(&["?!", "-a"]).codes.len(), 194);
    }

    #[test]
    fn the_limit_takes_the_first_of_the_sorted_codes() {
        let codes = |args: &[&str]| format!("{:?}", config(args).codes);
        assert_eq!(codes(&["us", "br", "de", "-l", "2"]), "[BR, DE]");
        assert_eq!(codes(&["-l3"]), "[BD, BR, CD]");
        assert_eq!(
            config(&["-e", "-l", "99999999999999999999999999"])
                .codes
                .len(),
            676
        );
    }

    #[test]
    fn options_and_codes_mix_in_every_way_people_type_them() {
        for args in [
            &["--lim", "3", "br"][..],
            &["br", "-l3"],
            &["-l=3", "br"],
            &["--limit=3", "--", "br"],
            &["-l", "1", "br", "-l", "+3"],
            &["--l", "3", "br"],
        ] {
            let config = config(args);
            assert_eq!(format!("{:?}", config.codes), "[BR]", "{args:?}");
        }
        let many = config(&["-avl2", "-s=error", "--max", "7", "--str", "THREADPOOL"]);
        assert_eq!(
            (many.codes.len(), many.verbose, many.server.name()),
            (2, true, "ERROR")
        );
        assert_eq!(
            (many.strategy, many.connections.get()),
            (Strategy::ThreadPool, 2)
        );
        assert_eq!(config(&["--ev"]).codes.len(), 676);
        assert_eq!(
            config(&["-s", "delay", "-s", "local"]).server.name(),
            "LOCAL"
        );
        assert_eq!(config(&["--max-req", "3", "-a"]).connections.get(), 3);
        assert!(config(&["-vvq", "--verbose"]).verbose);
    }

    #[test]
    fn prefixes_that_were_unique_in_the_original_keep_their_meaning() {
        for prefix in prefixes("all") {
            assert_eq!(config(&[&prefix]).codes.len(), 194);
        }
        for prefix in prefixes("every") {
            assert_eq!(config(&[&prefix]).codes.len(), 676);
        }
        for prefix in prefixes("limit") {
            assert_eq!(config(&[&prefix, "2"]).codes.len(), 2);
        }
        for prefix in prefixes("max_req") {
            assert_eq!(config(&[&prefix, "2"]).connections.get(), 2);
        }
        for prefix in prefixes("server") {
            assert_eq!(config(&[&prefix, "delay"]).server.name(), "DELAY");
        }
        for prefix in prefixes("verbose") {
            assert!(config(&[&prefix]).verbose);
        }
        for prefix in prefixes("help") {
            let args = ["flags".into(), prefix.into()];
            assert!(matches!(Config::from_args(args), Err(Stop::Answer(_))));
        }
    }

    fn prefixes(option: &str) -> Vec<String> {
        (1..=option.len())
            .map(|length| format!("--{}", &option[..length]))
            .collect()
    }

    #[test]
    fn timeouts_are_decimal_and_more_than_nothing() {
        let timeout = |text| config(&["--timeout", text]).timeout;
        assert_eq!(timeout("0.25"), Duration::from_millis(250));
        assert_eq!(timeout("1e300"), Duration::MAX);
        assert_eq!(timeout("1e-300"), Duration::from_nanos(1));
        for wrong in ["0", "-1", "abc", "inf", "NaN", "-0.0"] {
            assert_eq!(
                refused(&["--timeout", wrong]),
                format!("--timeout SECONDS must be a number of seconds > 0, not '{wrong}'")
            );
        }
    }

    #[test]
    fn usage_errors_come_in_their_order_and_one_at_a_time() {
        let mut args = vec!["-m", "-3", "-l", "-1", "-s", "BOOK", "b2"];
        assert_eq!(refused(&args), "--max_req CONCURRENT must be >= 1");
        args[1] = "1";
        assert_eq!(refused(&args), "--limit N must be >= 1");
        args[3] = "1";
        assert_eq!(
            refused(&args),
            "--server LABEL must be one of DELAY, ERROR, LOCAL, REMOTE (or an http:// or https:// URL)"
        );
        args[5] = "local";
        assert_eq!(
            refused(&args),
            "each CC argument must be A to Z or AA to ZZ."
        );
        args.extend(["--limit", "abc"]);
        args[1] = "0";
        assert_eq!(refused(&args), "--limit N must be >= 1, not 'abc'");
    }

    #[test]
    fn what_cannot_be_parsed_is_said_in_the_same_form() {
        for (args, message) in [
            (&["-l", "abc"][..], "--limit N must be >= 1, not 'abc'"),
            (&["-l", "1.5"], "--limit N must be >= 1, not '1.5'"),
            (&["-m="], "--max_req CONCURRENT is missing its value"),
            (&["br", "-m"], "--max_req CONCURRENT is missing its value"),
            (&["-m", "0"], "--max_req CONCURRENT must be >= 1"),
            (
                &["-m", "-99999999999999999999999"],
                "--max_req CONCURRENT must be >= 1",
            ),
            (
                &["--strategy", "fast"],
                "--strategy STRATEGY must be one of sequential, threadpool, semaphore, not 'fast'",
            ),
            (
                &["--limt", "3"],
                "there is no option --limt; did you mean --limit?",
            ),
            (&["-x"], "there is no option -x"),
            (&["--all=yes"], "--all takes no value, not even 'yes'"),
            (
                &["-s", "http://h/f?a"],
                "--server URL must end with its path: without '?' (query) and '#' (fragment)",
            ),
        ] {
            assert_eq!(refused(args), message, "{args:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn arguments_that_are_not_utf_8_are_usage_errors() {
        use std::os::unix::ffi::OsStringExt as _;
        let broken = || OsString::from_vec(b"b\xff".to_vec());
        for option in [
            None,
            Some("-s"),
            Some("-l"),
            Some("--strategy"),
            Some("--timeout"),
        ] {
            let words = std::iter::once("flags").chain(option).map(OsString::from);
            let stop = Config::from_args(words.chain([broken()]));
            assert!(matches!(stop, Err(Stop::Usage(_))), "{option:?}: {stop:?}");
        }
        let all = ["flags".into(), "-a".into(), broken()];
        assert!(
            Config::from_args(all).is_ok(),
            "with -a the codes are not looked at"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_run_an_answer_or_a_usage_error(args: Vec<String>) {
            let args = std::iter::once("flags".to_owned()).chain(args).map(OsString::from);
            if let Ok(config) = Config::from_args(args) {
                prop_assert!(!config.codes.is_empty());
            }
        }

        #[test]
        fn connections_are_never_more_than_asked_for_or_than_there_are_codes(
            limit in 1..2000_i64, max_req in 1..5000_i64, which in 0..3_usize,
        ) {
            let strategy = Strategy::ALL[which];
            let (limit, max_req) = (limit.to_string(), max_req.to_string());
            let config = config(&["-e", "-l", &limit, "-m", &max_req, "--strategy", strategy.name()]);
            let codes: usize = limit.parse::<usize>().unwrap().min(676);
            let bound = max_req.parse::<usize>().unwrap().min(strategy.cap().get()).min(codes);
            prop_assert_eq!((config.codes.len(), config.connections.get()), (codes, bound));
        }
    }
}
