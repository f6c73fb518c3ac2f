//! Writes the files of `--report`.

use std::io::Write;
use std::mem;

use comparison::Images;
use program::{Output, WriteError, error_chain, print_error};

use crate::cli::{Config, Mode, ReportTo};
use crate::download::save::FILES;
use crate::record::Record;
use crate::report::{self, Format, Report, RunFacts, RunReport, Streamed};

/// What the reports of a run need of its records.
pub(super) struct Reports {
    /// Reports that are written while the run is in progress.
    streamed: Vec<Streamed>,
    /// Whether others are written when it is over.
    keeps: bool,
    /// The records, in order of arrival, if they are kept.
    records: Vec<Record>,
}

impl Reports {
    /// Creates the files of the reports that are written while the run is in progress.
    ///
    /// # Errors
    /// If one cannot be created.
    pub(super) fn begin(config: &Config) -> Result<Self, WriteError> {
        let mut reports = Self {
            streamed: Vec::new(),
            keeps: matches!(config.mode, Mode::ComparedRun(_)),
            records: Vec::new(),
        };
        for to in &config.reports {
            match to {
                ReportTo::File(path, format) if Streamed::suits(*format, config.list.is_some()) => {
                    reports.streamed.push(Streamed::create(path, *format)?);
                }
                ReportTo::File(..) | ReportTo::StandardOutput => reports.keeps = true,
            }
        }
        Ok(reports)
    }

    /// Notes that the run starts.
    pub(super) fn start(&self, facts: &RunFacts<'_>) {
        self.streamed.iter().for_each(|to| to.begin(facts));
    }

    /// Adds a record.
    pub(super) fn add(&mut self, facts: &RunFacts<'_>, record: Record) {
        if !self.streamed.is_empty() {
            let line = facts.record(&record);
            self.streamed.iter().for_each(|to| to.add(facts, &line));
        }
        if self.keeps {
            self.records.push(record);
        }
    }

    /// Returns the records that were kept. What is left writes the ends of the reports.
    pub(super) fn take_records(&mut self) -> Vec<Record> {
        mem::take(&mut self.records)
    }

    /// Writes the reports of a run. Returns whether all files could be written; prints an error for each that could not.
    pub(super) fn end(self, config: &Config, run: RunReport, out: &mut Output<impl Write>) -> bool {
        let mut written = true;
        for to in self.streamed {
            written &= note(to.end(&run, config.fsync));
        }
        let is_streamed = |format| Streamed::suits(format, config.list.is_some());
        let report = Report::new(vec![run]);
        written & write_all(config, &report, is_streamed, out)
    }
}

/// Writes the reports of a comparison. Returns whether all files could be written; prints an error for each that could not. A
/// failure of standard output is recorded in `out` instead.
pub(super) fn write(config: &Config, report: &Report, out: &mut Output<impl Write>) -> bool {
    write_all(config, report, |_| false, out)
}

/// Writes all reports but those whose format is written already.
fn write_all(
    config: &Config,
    report: &Report,
    is_written: impl Fn(Format) -> bool,
    out: &mut Output<impl Write>,
) -> bool {
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
            ReportTo::File(_, format) if is_written(*format) => {}
            ReportTo::File(path, format) => {
                let text = format.text(report, &images);
                let files = FILES.synced(config.fsync);
                written &= note(files.replace(path, text.as_bytes()));
            }
        }
    }
    written
}

/// Prints the error, if there is one. Returns whether there is none.
fn note(result: Result<(), WriteError>) -> bool {
    if let Err(error) = &result {
        print_error(&error_chain(error));
    }
    result.is_ok()
}
