//! The signals and the files of a run.

use std::error::Error;

use comparison::{Comparison, count};
use harness::{Series, write_reports};
use program::{Exit, Files, Signals, error_chain, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::args::Config;

const FILES: Files = Files::of("gcd");

/// The environment of a run or a comparison.
pub(super) struct Setup {
    /// The signal handling. The first signal cancels `stop`.
    pub(super) signals: Signals,
    /// Ends the work early when cancelled.
    pub(super) stop: CancellationToken,
}

impl Setup {
    /// Checks, as far as possible before the work, that the reports can be written, and watches for signals. If that fails,
    /// prints the error and returns the exit code.
    pub(super) fn new(config: &Config, stop: CancellationToken) -> Result<Self, Exit> {
        for path in &config.reports {
            FILES.prepare(path).map_err(|error| {
                print_error(&error);
                Exit::Local
            })?;
        }
        let signals = Signals::watch(stop.clone()).map_err(|error| {
            print_stderr(&format!("*** Error: cannot watch for signals: {error}\n"));
            Exit::Errors
        })?;
        Ok(Self { signals, stop })
    }
}

/// Prints the error with its causes.
pub(super) fn print_error(error: &(dyn Error + 'static)) {
    print_stderr(&format!("*** Error: {}\n", error_chain(error)));
}

/// Writes the files of `--report`. Returns whether all were written; the errors of the others are printed.
pub(super) fn write(config: &Config, shown: &Comparison) -> bool {
    let errors = write_reports(FILES, &config.reports, shown);
    for error in &errors {
        print_error(error);
    }
    errors.is_empty()
}

/// Returns the executor and its workers in words: `threads, 2 workers`.
pub(super) fn in_words(series: Series) -> String {
    format!(
        "{}, {}",
        series.executor(),
        count(series.workers(), "worker")
    )
}
