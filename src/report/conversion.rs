//! From a run to its report as data.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use program::{Resources, Signal};
use safe_text::shown_time;

use crate::job::Job;
use crate::record::{Outcome, Record};
use crate::report::model::{RecordReport, RunReport, Settings, Totals};
use crate::run::embedded::SeenByServer;
use crate::run::input::Input;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// The facts of a run that are known when it begins.
#[derive(Debug)]
pub(crate) struct RunFacts<'a> {
    /// The strategy of the run.
    pub strategy: Strategy,
    /// The base URL of the items, with a password or a token hidden; empty for a list.
    pub url: String,
    /// The list, if there was one.
    pub input: Option<&'a Input>,
    /// What all downloads shared.
    pub job: &'a Job,
    /// The label of the server, CUSTOM, or LIST.
    pub server: &'a str,
    /// Whether the program itself was the server.
    pub embedded: bool,
    /// The connection limit in force.
    pub connections: usize,
    /// The time limit of the whole run, if there was one.
    pub max_time: Option<Duration>,
    /// The start of the run, on the wall clock.
    pub started: SystemTime,
    /// The same moment on the monotonic clock, from which record times are measured.
    pub began: Instant,
}

/// The facts of a run that are known when it has ended, besides its tally and its records.
#[derive(Debug)]
pub(crate) struct RunEnd {
    /// The time from the start to the last record.
    pub elapsed: Duration,
    /// The signal that ended the run early.
    pub ended_by: Option<Signal>,
    /// Whether the run ended before its list had been read to the end.
    pub unread: bool,
    /// The processor time and memory of the process, if the system reports them.
    pub resources: Option<Resources>,
    /// The counters of the embedded server, if there was one.
    pub seen_by_server: Option<SeenByServer>,
}

impl RunFacts<'_> {
    /// Returns the settings of the run.
    pub(crate) fn settings(&self) -> Settings {
        let job = self.job;
        let limits = job.traffic.limits();
        let files = self.input.filter(|list| list.file != Path::new("-"));
        Settings {
            server: self.server.to_owned(),
            url: self.url.clone(),
            input: self.input.map(|list| lossy_text(&list.file)),
            input_path: files.and_then(|list| absolute_text(&list.file)),
            keep_paths: self.input.is_some_and(|list| list.naming.keeps_paths),
            limit: self.input.and_then(Input::limit),
            failed: self.input.is_some_and(|list| list.only.is_some()),
            embedded: self.embedded,
            connections: self.connections,
            timeout_ms: ms(job.limits.timeout),
            connect_timeout_ms: ms(job.limits.connect_timeout),
            size_limit: Some(job.limits.size).filter(|&size| size < u64::MAX),
            retries: job.retries,
            max_time_ms: self.max_time.map(ms),
            skip_existing: job.skip_existing,
            insecure: job.http.is_insecure(),
            http2: job.http.has_http2(),
            max_per_host: limits.per_host.map(NonZeroUsize::get),
            rate: limits.rate,
            dest: lossy_text(&job.dest),
            folder: absolute_text(&job.dest),
        }
    }

    /// Returns the start of the run as an RFC 3339 timestamp in UTC.
    pub(crate) fn started(&self) -> String {
        shown_time(self.started)
    }

    /// Returns the report of a record.
    pub(crate) fn record(&self, record: &Record) -> RecordReport {
        RecordReport::new(record, self.began)
    }
}

impl RunReport {
    /// Returns the report of a run with these records, in any order.
    pub(crate) fn new(
        facts: &RunFacts<'_>,
        end: RunEnd,
        tally: &Tally,
        mut records: Vec<Record>,
    ) -> Self {
        records.sort_unstable_by_key(|record| record.item.position());
        Self {
            strategy: facts.strategy,
            settings: facts.settings(),
            started: facts.started(),
            ended_by: end.ended_by,
            round: None,
            resources: end.resources,
            seen_by_server: end.seen_by_server,
            unread: end.unread,
            totals: Totals {
                asked: tally.asked(),
                ok: tally.ok(),
                already_there: tally.already_there(),
                not_found: tally.not_found(),
                error: tally.errors(),
                not_attempted: tally.not_attempted(),
                bytes: tally.bytes(),
                elapsed_ms: ms(end.elapsed),
            },
            records: records.iter().map(|record| facts.record(record)).collect(),
        }
    }
}

impl RecordReport {
    /// Returns the report of a record in a run that started at `began`.
    fn new(record: &Record, began: Instant) -> Self {
        let (item, effort) = (&record.item, &record.effort);
        let line = item.line();
        let (kind, message) = match &record.outcome {
            Outcome::Failed(failure) => (Some(failure.kind()), Some(failure.to_string())),
            _ => (None, None),
        };
        let path = match &record.outcome {
            Outcome::Saved(path) | Outcome::AlreadyThere(path) => Some(lossy_text(path)),
            _ => None,
        };
        let turn = effort
            .begun
            .map(|begun| begun.saturating_duration_since(began));
        Self {
            code: item.code(),
            line,
            name: line.map(|_| item.to_string()),
            url: line.map(|_| item.shown_url().unwrap_or_default()),
            status: record.status(),
            kind,
            message,
            attempts: effort.attempts,
            http_status: effort.http_status,
            bytes: effort.bytes,
            start_ms: turn.map(ms),
            queue_ms: ms(turn.unwrap_or_default() + effort.paused),
            earlier_ms: ms(effort.earlier),
            first_byte_ms: ms(effort.first_byte),
            body_ms: ms(effort.body),
            save_ms: ms(effort.save),
            path,
            continued_from: effort.continued_from,
        }
    }
}

impl Settings {
    /// Sets the folder for the flags.
    pub(crate) fn set_dest(&mut self, dest: &Path) {
        self.dest = lossy_text(dest);
        self.folder = absolute_text(dest);
    }
}

/// Returns a time in milliseconds, rounded down to microseconds.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// Returns a path as text, seen from the current folder. Returns `None` if that folder is gone.
pub(crate) fn absolute_text(path: &Path) -> Option<String> {
    std::path::absolute(path).ok().map(|path| lossy_text(&path))
}

/// Returns a path as text. Bytes that are not valid Unicode become replacement characters.
fn lossy_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
