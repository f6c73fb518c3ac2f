//! Reports for programs: that they agree with the text and with each other, that they are written whole, and that the
//! failures in them can be run again.

mod again;
mod content;
mod writing;

use std::fs;
use std::path::Path;

use flags::record::Status;
use flags::report::{Report, RunReport};

fn results(path: &Path) -> Report {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The number of lines of a report that say so: `12 flags downloaded.`
fn told(text: &str, what: &str) -> usize {
    let line = text.lines().find(|line| {
        line.trim_end_matches('.')
            .trim_end_matches('s')
            .ends_with(what)
    });
    line.map_or(0, |line| line.split(' ').next().unwrap().parse().unwrap())
}

fn counted(run: &RunReport, status: Status) -> usize {
    run.records
        .iter()
        .filter(|record| record.status == status)
        .count()
}
