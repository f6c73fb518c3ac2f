//! Reports that are written record by record, in order of arrival, so that a run over a list of any length keeps none of
//! its records.

use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use program::WriteError;

use crate::report::conversion::RunFacts;
use crate::report::format::Format;
use crate::report::model::{Host, RecordReport, RunReport, schema_of};
use crate::report::{csv, jsonl};

/// The longest time for which a record stays in memory. A reader that follows the file sees it then.
const FLUSH_EVERY: Duration = Duration::from_millis(200);

/// A report that is being written. What has arrived is in its file when the program is killed.
#[derive(Debug)]
pub(crate) struct Streamed {
    path: PathBuf,
    format: Format,
    file: Arc<Mutex<Buffered>>,
    /// Dropped to end the thread that flushes.
    _flushing: Sender<()>,
}

/// The file of a report.
#[derive(Debug)]
struct Buffered {
    file: BufWriter<File>,
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
        let file = create(path).map_err(|source| WriteError {
            path: path.to_owned(),
            source,
        })?;
        let file = Arc::new(Mutex::new(Buffered {
            file: BufWriter::new(file),
            error: None,
        }));
        let (flushing, ended) = channel::<()>();
        let flushed = Arc::clone(&file);
        let flush = move || {
            while ended.recv_timeout(FLUSH_EVERY) == Err(RecvTimeoutError::Timeout) {
                lock(&flushed).flush();
            }
        };
        // Without a thread, the records are in the file when there are many, and at the end.
        let _ = thread::Builder::new()
            .name("report".to_owned())
            .spawn(flush);
        Ok(Self {
            path: path.to_owned(),
            format,
            file,
            _flushing: flushing,
        })
    }

    /// Writes what comes before the records.
    pub(crate) fn begin(&self, run: &RunFacts<'_>) {
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
    pub(crate) fn add(&self, run: &RunFacts<'_>, record: &RecordReport) {
        let text = match self.format {
            Format::Csv => csv::line(run.strategy, run.connections, None, record),
            _ => jsonl::record(record),
        };
        self.write(&text);
    }

    /// Writes what comes after the records, and waits until all is in the file.
    ///
    /// # Errors
    /// If any of it could not be written.
    pub(crate) fn end(self, run: &RunReport, is_synced: bool) -> Result<(), WriteError> {
        if self.format == Format::JsonLines {
            self.write(&jsonl::end(run));
        }
        let mut buffered = lock(&self.file);
        buffered.flush();
        if is_synced {
            let synced = buffered.file.get_ref().sync_all();
            buffered.note(synced);
        }
        match buffered.error.take() {
            Some(source) => Err(WriteError {
                path: self.path.clone(),
                source,
            }),
            None => Ok(()),
        }
    }

    fn write(&self, text: &str) {
        let mut buffered = lock(&self.file);
        if buffered.error.is_none() {
            let written = buffered.file.write_all(text.as_bytes());
            buffered.note(written);
        }
    }
}

impl Buffered {
    fn flush(&mut self) {
        if self.error.is_none() {
            let flushed = self.file.flush();
            self.note(flushed);
        }
    }

    /// Notes an error, unless there was one before.
    fn note(&mut self, result: io::Result<()>) {
        if self.error.is_none() {
            self.error = result.err();
        }
    }
}

/// Creates the file of a report, or empties it, unless another run is writing it.
fn create(path: &Path) -> io::Result<File> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    // Without file locks, this cannot be known.
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another run is writing it",
        ));
    }
    // A pipe has no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Returns the file. A thread that panicked has left a whole one.
fn lock(file: &Mutex<Buffered>) -> MutexGuard<'_, Buffered> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}
