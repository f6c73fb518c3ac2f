//! Comparisons of strategies: each does the same work in a process of its own, and the printed table agrees with the
//! report.

mod endings;
mod options;
mod outcomes;
mod progress;
mod series;
mod server;

use std::fs;

use flags::report::{Report, RunReport};

use crate::support::{Program, Run};

/// Reads the report of a comparison from `c.json`.
fn results(program: &Program) -> Report {
    let text = fs::read_to_string(program.folder.path().join("c.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn compare(program: &Program, args: &[&str]) -> (Run, Report) {
    // The last of several options counts.
    let before = ["--compare", "--rounds", "1", "--report", "c.json"];
    let run = program.run([&before[..], args].concat());
    let results = results(program);
    (run, results)
}

/// Returns the rows of the first table, each as a list of words.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let table = text
        .lines()
        .skip_while(|line| !line.starts_with("strategy "));
    let rows = table.skip(2).take_while(|line| !line.is_empty());
    rows.map(|row| row.split_whitespace().collect()).collect()
}

fn series_of(runs: &[RunReport]) -> Vec<(&'static str, usize, Option<u32>)> {
    let mut series = Vec::new();
    for run in runs {
        series.push((run.strategy.name(), run.settings.connections, run.round));
    }
    series
}
