//! Reports that are written record by record, in order of arrival, so that a run over a list of any length keeps none of
//! its records.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use program::WriteError;

use crate::report::format::Format;
use crate::report::model::{Host, RecordReport, RunFacts, RunReport, schema_of};
use crate::report::{csv, jsonl};

/// The longest time for which a record stays in memory while others arrive. A reader that follows the file sees it then.
const FLUSH_EVERY: Duration = Duration::from_millis(200);

/// A report that is being written. What has arrived is in its file when the program is killed.
#[derive(Debug)]
pub(crate) struct Streamed {
    path: PathBuf,
    format: Format,
    file: BufWriter<File>,
    flushed: Instant,
    /// The first error. Nothing is written after it.
    error: Option<io::Error>,
}

impl Streamed {
    /// Returns whether a report of this format is written while the run is in progress. A table of codes is sorted, and there
    /// are not many of them.
    pub(crate) fn suits(format: Format, is_list: bool) -> bool {
        match format {
            Format::JsonLines => true,
            Format::Csv => is_list,
            Format::Html | Format::Json | Format::Markdown | Format::Svg | Format::Trace => false,
        }
    }

    /// Creates the file, or empties it.
    ///
    /// # Errors
    /// If that is not possible.
    pub(crate) fn create(path: &Path, format: Format) -> Result<Self, WriteError> {
        let file = File::create(path).map_err(|source| WriteError {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            format,
            file: BufWriter::new(file),
            flushed: Instant::now(),
            error: None,
        })
    }

    /// Writes what comes before the records.
    pub(crate) fn begin(&mut self, run: &RunFacts<'_>) {
        let text = match self.format {
            Format::Csv => csv::header(run.input.is_some()),
            _ => {
                let schema = schema_of(run.input.is_some());
                let begin = jsonl::begin(run.strategy, &run.settings(), &run.started(), None);
                jsonl::first(schema, &Host::this()) + &begin
            }
        };
        self.write(&text);
    }

    /// Writes a record.
    pub(crate) fn add(&mut self, run: &RunFacts<'_>, record: &RecordReport) {
        let text = match self.format {
            Format::Csv => csv::line(run.strategy, run.connections, None, record),
            _ => jsonl::record(record),
        };
        self.write(&text);
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flushed = Instant::now();
            let flushed = self.file.flush();
            self.note(flushed);
        }
    }

    /// Writes what comes after the records, and waits until all is in the file.
    ///
    /// # Errors
    /// If any of it could not be written.
    pub(crate) fn end(mut self, run: &RunReport, is_synced: bool) -> Result<(), WriteError> {
        if self.format == Format::JsonLines {
            self.write(&jsonl::end(run));
        }
        let flushed = self.file.flush();
        self.note(flushed);
        if is_synced {
            let synced = self.file.get_ref().sync_all();
            self.note(synced);
        }
        match self.error {
            Some(source) => Err(WriteError {
                path: self.path,
                source,
            }),
            None => Ok(()),
        }
    }

    fn write(&mut self, text: &str) {
        if self.error.is_none() {
            let written = self.file.write_all(text.as_bytes());
            self.note(written);
        }
    }

    /// Notes an error, unless there was one before.
    fn note(&mut self, result: io::Result<()>) {
        if self.error.is_none() {
            self.error = result.err();
        }
    }
}
