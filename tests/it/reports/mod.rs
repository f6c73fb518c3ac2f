//! Reports for programs: they agree with the printed summary and with each other, they are written completely or not at
//! all, and `--failed` repeats the failures in them.

mod again;
mod content;
mod fields;
mod writing;

use std::fs;
use std::path::Path;

use flags::record::Status;
use flags::report::{Report, RunReport};

fn results(path: &Path) -> Report {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the count of `what` in a printed summary: 12 for `downloaded` in `12 flags downloaded.`, 0 without such a
/// line.
fn printed_count(text: &str, what: &str) -> usize {
    let line = text.lines().find(|line| {
        line.trim_end_matches('.')
            .trim_end_matches('s')
            .ends_with(what)
    });
    line.map_or(0, |line| line.split(' ').next().unwrap().parse().unwrap())
}

fn count(run: &RunReport, status: Status) -> usize {
    run.records
        .iter()
        .filter(|record| record.status == status)
        .count()
}
