//! The settings of the program.
//!
//! `Args` holds the arguments as typed, and [`Config`] holds their meaning. All cross-checks happen in the conversion
//! from one to the other, before any work. All usage errors have the form of the original program, whether clap or a
//! check here detects them. Prefixes of options that were unique in the original program keep their meaning: where
//! clap's inference no longer gives it, a hidden alias does.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use test_server::{Label, Ports};

use crate::cli::args::{Args, at_least_one};
use crate::cli::earlier::EarlierReport;
use crate::cli::mode::{Mode, check_options};
use crate::cli::usage::{EarlyExit, usage_error, usage_message};
use crate::country::{CountryCode, Selection};
use crate::job::RequestLimits;
use crate::report::Format;
use crate::server::Server;

/// The folder for the flags without `--dest`.
const DEFAULT_DEST: &str = "downloads";

/// The settings of the program.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The mode: a run, a comparison, or one run of a comparison.
    pub(crate) mode: Mode,
    /// The codes, sorted. Empty only with `--failed`, if the earlier run had no failures.
    pub(crate) codes: Vec<CountryCode>,
    /// The server of the flags.
    pub(crate) server: Server,
    /// The ports of LOCAL, DELAY and ERROR.
    pub(crate) ports: Ports,
    /// The folder for the flags.
    pub(crate) dest: PathBuf,
    /// The time and size limits of one request.
    pub(crate) limits: RequestLimits,
    /// How often a transient failure is retried, at most.
    pub(crate) retries: u32,
    /// The reports to write, each one only once.
    pub(crate) reports: Vec<ReportTo>,
    /// Whether a flag that the server does not have makes the exit code 1.
    pub(crate) fail_on_not_found: bool,
    /// Whether to print a line for each code instead of the progress bar.
    pub(crate) verbose: bool,
    /// Whether to print only errors on standard error.
    pub(crate) quiet: bool,
}

/// The destination and format of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReportTo {
    /// JSON on standard output, instead of the text.
    StandardOutput,
    /// A file in this format.
    File(PathBuf, Format),
}

impl Config {
    /// Parses the arguments, of which the first is the name of the program. With `--failed`, reads the earlier report.
    ///
    /// # Errors
    /// [`EarlyExit`] if the user requested help or the version, and for the first usage error.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, EarlyExit> {
        let args = Args::try_parse_from(args).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                EarlyExit::HelpOrVersion(error.to_string())
            }
            _ => usage_error(&usage_message(&error)),
        })?;
        Self::from_parsed(args).map_err(|message| usage_error(&message))
    }

    /// Returns whether standard output gets the text, rather than JSON instead of it.
    pub(crate) fn prints_text(&self) -> bool {
        !self.reports.contains(&ReportTo::StandardOutput)
    }

    /// Converts the parsed arguments. Checks the options of the original program in its order.
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
            Some(file) => Some(EarlierReport::read(file, &args)?),
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
        // A repeated `--report -` must not print the document twice.
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

/// Returns the codes that the arguments select, sorted.
fn selected(args: &Args) -> Result<Vec<CountryCode>, String> {
    let selection = match args {
        Args { every: true, .. } => Selection::Every,
        Args { all: true, .. } => Selection::All,
        Args { cc, .. } => Selection::Words(cc),
    };
    selection.codes().map_err(|error| error.to_string())
}

/// Parses a value of `--report`: `-` is standard output, and the suffix of a file name selects the format.
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
            Err(exit) => panic!("{exit:?}"),
        }
    }

    /// Returns the strategy of a run and its connections.
    fn series(config: &Config) -> (Strategy, usize) {
        match config.mode {
            Mode::Run { series, .. } => (series.strategy, series.connections.get()),
            _ => panic!("{config:?}"),
        }
    }

    /// Returns the message of the usage error that these arguments give.
    fn refused(args: &[&str]) -> String {
        let args = std::iter::once("flags")
            .chain(args.iter().copied())
            .map(OsString::from);
        match Config::from_args(args) {
            Err(EarlyExit::UsageError(text)) => {
                let (message, usage) = text.split_once('\n').unwrap();
                assert_eq!(usage, "Usage: flags [OPTIONS] [CC]...\n");
                message.trim_start_matches("*** Usage error: ").to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_clap_configuration_is_valid() {
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
    fn connections_are_bounded_by_max_req_the_strategy_and_the_codes() {
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
    fn every_overrides_all_and_all_overrides_codes_which_are_not_checked() {
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
    fn options_and_codes_can_be_mixed_in_any_order_and_spelling() {
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
            assert!(matches!(
                Config::from_args(args),
                Err(EarlyExit::HelpOrVersion(_))
            ));
        }
    }

    fn prefixes(option: &str) -> Vec<String> {
        (1..=option.len())
            .map(|length| format!("--{}", &option[..length]))
            .collect()
    }

    #[test]
    fn timeouts_are_decimal_and_positive() {
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
    fn usage_errors_are_reported_one_at_a_time_in_the_order_of_the_original() {
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
    fn parse_errors_have_the_form_of_usage_errors() {
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
            let parsed = Config::from_args(words.chain([broken()]));
            assert!(
                matches!(parsed, Err(EarlyExit::UsageError(_))),
                "{option:?}: {parsed:?}"
            );
        }
        let all = ["flags".into(), "-a".into(), broken()];
        assert!(
            Config::from_args(all).is_ok(),
            "with -a the codes are not checked"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_arguments_give_codes_to_run_or_an_early_exit(args: Vec<String>) {
            let args = std::iter::once("flags".to_owned()).chain(args).map(OsString::from);
            if let Ok(config) = Config::from_args(args) {
                prop_assert!(!config.codes.is_empty());
            }
        }

        #[test]
        fn connections_never_exceed_max_req_or_the_number_of_codes(
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
