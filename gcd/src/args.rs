//! The command line.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use harness::{Mode, SeriesArgs};

use crate::pair::{Original, Pair};
use crate::work::Work;

/// The number of divisions of a run in a comparison, unless the user chooses another: some tenths of a second. The comparison
/// repeats such runs, and its numbers are worth more than those of longer ones that are made once.
const COMPARED_DIVISIONS: u64 = 200_000_000;

const AFTER_HELP: &str = "\
Examples:
  gcd                                 The six pairs of the original program, on threads
  gcd --executor processes -j 4       The same on four processes
  gcd 1963309,2265973 12,18           Two pairs of your own
  gcd --repeat 100                    Each pair 100 times: seconds instead of milliseconds
  gcd --compare --report page.html    All executors side by side, with a page
  gcd --compare --executor threads,processes --at 1,2,4 --rounds 5
                                      Two of them at several numbers of workers

Exit codes: 0 every divisor is known, 1 errors, 2 usage error, 3 cannot write, \
129 SIGHUP, 130 SIGINT, 131 SIGQUIT, 141 closed pipe, 143 SIGTERM.";

/// Compute greatest common divisors by trying every number, and compare executors
///
/// The loop is slow on purpose: it is work for the processor alone. A run prints the divisors and the time, how much faster
/// that was than a sequential run of the same pairs, how fast it can be at best, and what Euclid's algorithm would have taken.
#[derive(Debug, Parser)]
#[command(
    name = "gcd",
    version,
    infer_long_args = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
struct Args {
    /// Pairs of positive whole numbers, each below 2^64 [default: those of --pairs six]
    #[arg(value_name = "A,B")]
    numbers: Vec<Pair>,

    /// Pairs of one of the two original programs
    #[arg(long, value_name = "ORIGINAL", conflicts_with = "numbers")]
    pairs: Option<Original>,

    /// How often each pair is computed [default: 1; with --compare: as often as needed for 200 million divisions in a run,
    /// which take some tenths of a second]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    repeat: Option<NonZeroU64>,

    /// Print only results: no sequential run to compare with, and no notices
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    series: SeriesArgs,
}

/// The settings of the program.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) work: Work,
    /// Whether the user chose how often each pair is computed.
    pub(crate) repeat_is_chosen: bool,
    pub(crate) mode: Mode,
    pub(crate) quiet: bool,
    /// The files of `--report`.
    pub(crate) reports: Vec<PathBuf>,
}

impl Config {
    /// Returns the settings that these arguments select. The first argument is the name of the program.
    ///
    /// # Errors
    /// A usage error, or the text of `--help` or `--version`, as clap formats them.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args = Args::try_parse_from(args)?;
        let mode = args.series.mode();
        let mode =
            mode.map_err(|error| Args::command().error(ErrorKind::ValueValidation, error))?;
        let pairs = match args.numbers {
            none if none.is_empty() => args.pairs.unwrap_or(Original::Six).pairs(),
            some => some,
        };
        let work = match (args.repeat, &mode) {
            (Some(repeat), _) => Work { pairs, repeat },
            (None, Mode::Compare(_)) => Work::of_divisions(pairs, COMPARED_DIVISIONS),
            (None, Mode::Run(_)) => Work {
                pairs,
                repeat: NonZeroU64::MIN,
            },
        };
        Ok(Self {
            work,
            repeat_is_chosen: args.repeat.is_some(),
            mode,
            quiet: args.quiet,
            reports: args.series.reports().to_vec(),
        })
    }
}

fn at_least_one(text: &str) -> Result<NonZeroU64, &'static str> {
    text.parse().map_err(|_| "must be a whole number >= 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> Result<Config, String> {
        let args = ["gcd"].iter().chain(args).map(OsString::from);
        Config::from_args(args).map_err(|error| {
            assert!(error.use_stderr(), "{error}");
            error.to_string().lines().next().unwrap().to_owned()
        })
    }

    #[test]
    fn a_comparison_repeats_the_pairs_and_a_run_does_not() {
        let repeat = |args: &[&str]| config(args).unwrap().work.repeat.get();
        assert_eq!(repeat(&[]), 1);
        assert_eq!(repeat(&["--compare"]), 18);
        assert_eq!(repeat(&["--compare", "--repeat", "3"]), 3);
        assert_eq!(repeat(&["--repeat", "3"]), 3);
    }

    #[test]
    fn the_pairs_are_those_of_an_original_program_or_of_the_user() {
        let number = |args: &[&str]| config(args).unwrap().work.pairs.len();
        assert_eq!([number(&[]), number(&["--pairs", "four"])], [6, 4]);
        assert_eq!(number(&["12,18", "5,7", "12,18"]), 3);
    }

    #[test]
    fn a_usage_error_names_the_word_and_what_is_valid() {
        for (args, message) in [
            (
                &["0,5"][..],
                "'0,5' for '[A,B]...': both numbers must be at least 1",
            ),
            (
                &["12,18", "a,b"],
                "'a,b' for '[A,B]...': use two positive whole numbers with a comma between them",
            ),
            (
                &["1,99999999999999999999"],
                "numbers must be at most 18446744073709551615",
            ),
            (&["12,18", "--pairs", "four"], "cannot be used with"),
            (
                &["--pairs", "five"],
                "invalid value 'five' for '--pairs <ORIGINAL>'",
            ),
            (&["--repeat", "0"], "must be a whole number >= 1"),
            (
                &["--executor", "fibers"],
                "must be one of sequential, threads, processes",
            ),
            (
                &["--executor", "threads,processes"],
                "several executors need --compare",
            ),
            (&["--rounds", "2"], "--rounds N needs --compare"),
            (
                &["--report", "page.txt"],
                "--report FILE must end in .html, .json, .md or .svg, not 'page.txt'",
            ),
        ] {
            let error = config(args).unwrap_err();
            assert!(
                error.starts_with("error: ") && error.contains(message),
                "{error}"
            );
        }
    }
}
