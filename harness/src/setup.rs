//! What a program prepares before its run or comparison: the usage errors, the files of its reports, and its signals.

use std::io::Write;
use std::path::PathBuf;

use program::{
    Ending, Exit, Files, Output, Signals, error_chain, print_error, print_stderr, visible,
};
use tokio_util::sync::CancellationToken;

/// The environment of a run or a comparison.
#[derive(Debug)]
pub struct Setup {
    /// The signal handling. The first signal cancels `stop`.
    pub signals: Signals,
    /// Ends the work early when cancelled: the results so far are printed.
    pub stop: CancellationToken,
}

impl Setup {
    /// Checks, as far as possible before the work, that the reports can be written, and watches for signals.
    ///
    /// # Errors
    /// If one of them fails. The error is printed, and its exit code is returned.
    pub fn new(files: Files, reports: &[PathBuf], stop: CancellationToken) -> Result<Self, Exit> {
        for path in reports {
            files.prepare(path).map_err(|error| {
                print_error(&error_chain(&error));
                Exit::Local
            })?;
        }
        let signals = Signals::watch(stop.clone()).map_err(|error| {
            print_error(&format!("cannot watch for signals: {error}"));
            Exit::Errors
        })?;
        Ok(Self { signals, stop })
    }
}

/// Prints what clap returned instead of the arguments, and returns the exit code: help or the version on standard output, a
/// usage error on standard error.
pub fn print_usage(error: &clap::Error, out: &mut Output<impl Write>) -> Exit {
    let text = error.to_string();
    if error.use_stderr() {
        // It repeats the words of the user.
        let lines: Vec<_> = text.split('\n').map(visible).collect();
        print_stderr(&lines.join("\n"));
        return Exit::Usage;
    }
    out.print(&text);
    let ending = Ending {
        output: out.failed(),
        ..Ending::default()
    };
    ending.exit()
}
