//! Runs as the neutral values that the comparison crate shows.

use std::collections::BTreeMap;

use comparison::{Comparison, PhaseKind, PhaseTerms, Run, Terms};
use harness::ExecutorKind;

use crate::cli::Config;
use crate::inputs::Inputs;
use crate::work::LogFile;

/// The terms used in a comparison of searches.
static TERMS: Terms = Terms {
    series: "executor",
    labels: &ExecutorKind::NAMES,
    slot: "worker",
    task: "task",
    name: "file",
    in_flight: "A task is in flight from the moment a worker takes it until its result is complete.",
    not_found: false,
    peak_in_flight: None,
    lanes: true,
    phases: &[
        PhaseTerms {
            kind: PhaseKind::Queue,
            name: "queue",
            legend: "queue",
        },
        PhaseTerms {
            kind: PhaseKind::Body,
            name: "work",
            legend: "decompressing and searching",
        },
    ],
    lane_note: None,
};

/// Returns the comparison of these runs, with the facts that a reader needs.
pub(super) fn comparison_of(config: &Config, inputs: &Inputs, runs: Vec<Run>) -> Comparison {
    let bytes: u64 = inputs.files.iter().map(LogFile::size).sum();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let files = comparison::count(inputs.files.len(), "file");
    let path = String::from_utf8_lossy(config.job.path()).into_owned();
    Comparison {
        title: format!("findrobots: {path} in {files}"),
        facts: vec![
            ("Files", format!("{files}, {:.1} MB", bytes as f64 / 1e6)),
            ("Path", path),
            ("Processors", processors.to_string()),
            ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ],
        terms: &TERMS,
        descriptions: BTreeMap::new(),
        runs,
    }
}
