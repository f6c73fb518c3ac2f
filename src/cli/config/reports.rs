//! The reports of `--report`, and the files that they must not replace.

use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use crate::cli::args::Args;
use crate::report::{Format, Streamed};
use crate::run::input::Input;

/// The destination and format of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReportTo {
    /// JSON on standard output, instead of the text.
    StandardOutput,
    /// A file in this format.
    File(PathBuf, Format),
}

/// Parses the values of `--report`. Each destination is kept once: a repeated `--report -` must not print the document
/// twice.
pub(super) fn reports(files: &[PathBuf]) -> Result<Vec<ReportTo>, String> {
    let mut reports = Vec::new();
    for file in files {
        let report = report_to(file)?;
        if !reports.iter().any(|other| is_same(other, &report)) {
            reports.push(report);
        }
    }
    Ok(reports)
}

/// Returns whether two reports go to the same place, however its name is typed.
fn is_same(one: &ReportTo, other: &ReportTo) -> bool {
    match (one, other) {
        (ReportTo::File(one, _), ReportTo::File(other, _)) => {
            path::absolute(one).ok() == path::absolute(other).ok()
        }
        (one, other) => one == other,
    }
}

/// Checks that no report replaces a file that the run reads, before it is no longer needed.
pub(super) fn check_inputs(
    args: &Args,
    reports: &[ReportTo],
    list: Option<&Input>,
) -> Result<(), String> {
    let real = |file: &Path| identity(file).ok();
    let list_file = list.and_then(|list| real(&list.file));
    let failed = args.failed.as_deref().and_then(real);
    for to in reports {
        let ReportTo::File(path, format) = to else {
            continue;
        };
        let report = real(path);
        if report.is_some() && report == list_file {
            return Err("--report FILE must not be the list".to_owned());
        }
        if report.is_some() && report == failed && Streamed::suits(*format, list.is_some()) {
            return Err(
                "--report FILE must not be that of --failed: it is written while the run is in progress"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// Returns what two names of one file have in common.
#[cfg(unix)]
fn identity(file: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(file)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Returns the real path of a file. Another link to it has another one.
#[cfg(not(unix))]
fn identity(file: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(file)
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
