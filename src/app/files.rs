//! Writes the files of `--report`.

use std::io::Write;

use comparison::Images;
use program::{Output, error_chain, print_error};

use crate::cli::{Config, ReportTo};
use crate::download::save::FILES;
use crate::report::{self, Format, Report};

/// Writes all reports. Returns whether all files could be written; prints an error for each that could not. A failure
/// of standard output is recorded in `out` instead.
pub(super) fn write(config: &Config, report: &Report, out: &mut Output<impl Write>) -> bool {
    let mut written = true;
    let shows_images =
        |to: &ReportTo| matches!(to, ReportTo::File(_, format) if format.shows_images());
    let images = if config.reports.iter().any(shows_images) {
        report::read_images(report)
    } else {
        Images::default()
    };
    for to in &config.reports {
        match to {
            ReportTo::StandardOutput => out.print(&Format::Json.text(report, &images)),
            ReportTo::File(path, format) => {
                let text = format.text(report, &images);
                let files = FILES.synced(config.fsync);
                if let Err(error) = files.replace(path, text.as_bytes()) {
                    print_error(&error_chain(&error));
                    written = false;
                }
            }
        }
    }
    written
}
