//! The settings of the program.
//!
//! `Args` holds the words that were typed; [`Config`] holds their meaning, and all cross-checks happen on the way from one
//! to the other, before any work. Usage errors have one form, that of the original program, whoever finds them. Prefixes of
//! options that were unique in the original keep their meaning: where inference no longer gives it, by a hidden alias.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use test_server::{Label, Ports};

use crate::cli::args::{Args, at_least_one};
use crate::cli::earlier::Earlier;
use crate::cli::mode::{Mode, check_options};
use crate::cli::usage::{Stop, usage_error, usage_message};
use crate::country::{CountryCode, Selection};
use crate::job::RequestLimits;
use crate::report::Format;
use crate::server::Server;

/// Where flags go if nothing else is said.
const DEFAULT_DEST: &str = "downloads";

/// The settings of the program.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// A run or a comparison.
    pub(crate) mode: Mode,
    /// The codes, sorted; none only if nothing failed in the run whose failures are asked for.
    pub(crate) codes: Vec<CountryCode>,
    /// Where flags come from.
    pub(crate) server: Server,
    /// The ports of the servers that a label names.
    pub(crate) ports: Ports,
    /// The folder where flags go.
    pub(crate) dest: PathBuf,
    /// What one request may take.
    pub(crate) limits: RequestLimits,
    /// How often a transient failure is tried again.
    pub(crate) retries: u32,
    /// Where to report for programs, besides the text or instead of it.
    pub(crate) reports: Vec<ReportTo>,
    /// Whether a flag that the server does not have counts for the exit code.
    pub(crate) fail_on_not_found: bool,
    /// A line per code instead of the bar.
    pub(crate) verbose: bool,
    /// Nothing on standard error but what cannot be left unsaid.
    pub(crate) quiet: bool,
}

/// Where to report for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReportTo {
    /// JSON on standard output, instead of the text.
    StandardOutput,
    /// This file.
    File(PathBuf, Format),
}

impl Config {
    /// What the arguments mean, the name of the program first. Reads the report whose failures are asked for.
    ///
    /// # Errors
    /// [`Stop`] when help or version was asked for, and for the first thing that makes no sense.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let args = Args::try_parse_from(args).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop::Answer(error.to_string()),
            _ => usage_error(&usage_message(&error)),
        })?;
        Self::from_parsed(args).map_err(|message| usage_error(&message))
    }

    /// Whether standard output has the text, and not JSON in its place.
    pub(crate) fn prints_text(&self) -> bool {
        !self.reports.contains(&ReportTo::StandardOutput)
    }

    /// The checks, in the order of the original; then those of options that it did not have.
    fn from_parsed(args: Args) -> Result<Self, String> {
        let max_req = match args.max_req {
            None => None,
            Some(number) => {
                Some(at_least_one(number).ok_or("--max_req CONCURRENT must be >= 1".to_owned())?)
            }
        };
        let limit = match args.limit {
            None => NonZeroUsize::MAX,
            Some(number) => at_least_one(number).ok_or("--limit N must be >= 1".to_owned())?,
        };
        check_options(&args)?;
        let typed = args.server.as_deref().map(Server::parse).transpose();
        let typed = typed.map_err(|error| error.to_string())?;
        let earlier = match &args.failed {
            Some(file) => Some(Earlier::read(file, &args)?),
            None => None,
        };
        let server = match (typed, &earlier) {
            (Some(server), _) => server,
            (None, Some(earlier)) => earlier.server()?,
            (None, None) => Server::Labelled(Label::Local),
        };
        let ports = match server {
            Server::Labelled(_) => Ports::from_env().map_err(|error| error.to_string())?,
            Server::Remote | Server::Custom(_) => Ports::default(),
        };
        let mut codes = match &earlier {
            Some(earlier) => earlier.codes.clone(),
            None => selected(&args)?,
        };
        codes.truncate(limit.get());
        let dest = match (&args.dest, &earlier) {
            (Some(dest), _) => dest.clone(),
            (None, Some(earlier)) => earlier.dest()?,
            (None, None) => DEFAULT_DEST.into(),
        };
        let reports = args.report.iter().map(|file| report_to(file));
        let mut reports = reports.collect::<Result<Vec<_>, _>>()?;
        // Whoever reads one document from standard output wants no second one behind it.
        let mut seen = Vec::new();
        reports.retain(|report| {
            !seen.contains(report) && {
                seen.push(report.clone());
                true
            }
        });

        Ok(Self {
            mode: Mode::new(&args, max_req, codes.len())?,
            codes,
            server,
            ports,
            dest,
            limits: RequestLimits {
                connect_timeout: args.connect_timeout,
                timeout: args.timeout,
                size: args.size_limit,
            },
            retries: args.retries,
            reports,
            fail_on_not_found: args.fail_on_not_found,
            verbose: args.verbose,
            quiet: args.quiet,
        })
    }
}

fn selected(args: &Args) -> Result<Vec<CountryCode>, String> {
    let selection = match args {
        Args { every: true, .. } => Selection::Every,
        Args { all: true, .. } => Selection::All,
        Args { cc, .. } => Selection::Words(cc),
    };
    selection.codes().map_err(|error| error.to_string())
}

/// Where a report goes: `-` is standard output, and the suffix of a file says in which format.
fn report_to(path: &Path) -> Result<ReportTo, String> {
    if path == Path::new("-") {
        return Ok(ReportTo::StandardOutput);
    }
    match Format::of(path) {
        Some(format) => Ok(ReportTo::File(path.to_owned(), format)),
        None => Err(format!(
            "--report FILE must end in {} (or be - for JSON on standard output), not '{}'",
            Format::SUFFIXES,
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::cli::mode::Series;
    use crate::strategy::Strategy;
    use clap::CommandFactory as _;
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

    /// The strategy of a run, and its connections.
    fn series(config: &Config) -> (Strategy, usize) {
        match config.mode {
            Mode::Run { series, .. } => (series.strategy, series.connections.get()),
            _ => panic!("{config:?}"),
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
        assert_eq!(series(&config), (Strategy::Semaphore, 20));
        assert_eq!(
            (config.dest.to_str(), config.limits.timeout.as_secs()),
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
            assert_eq!(series(&config(args)).1, connections, "{args:?}");
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
        assert_eq!(series(&many), (Strategy::ThreadPool, 2));
        assert_eq!(config(&["--ev"]).codes.len(), 676);
        assert_eq!(
            config(&["-s", "delay", "-s", "local"]).server.name(),
            "LOCAL"
        );
        let again = ["--strategy", "sequential", "--strategy", "threadpool"];
        assert_eq!(series(&config(&again)).0, Strategy::ThreadPool);
        let limits = config(&[
            "--compare",
            "--strategy",
            "semaphore",
            "--at",
            "5,6",
            "--at",
            "7",
        ]);
        let Mode::Compare(compare) = limits.mode else {
            panic!("{limits:?}");
        };
        let seven = Series {
            strategy: Strategy::Semaphore,
            connections: NonZeroUsize::new(7).unwrap(),
        };
        assert_eq!(compare.series, [seven]);
        assert_eq!(series(&config(&["--max-req", "3", "-a"])).1, 3);
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
            assert_eq!(series(&config(&[&prefix, "2"])).1, 2);
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
        let timeout = |text| config(&["--timeout", text]).limits.timeout;
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
            (&["-m="], "--max_req CONCURRENT needs a value"),
            (&["br", "-m"], "--max_req CONCURRENT needs a value"),
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
                "unknown option --limt; did you mean --limit?",
            ),
            (&["-x"], "unknown option -x"),
            (&["--all=yes"], "--all takes no value, but got 'yes'"),
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
            prop_assert_eq!((config.codes.len(), series(&config).1), (codes, bound));
        }
    }
}
