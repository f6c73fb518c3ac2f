//! The report as programs read it: one shape for one run and for many, which only ever grows. `docs/reports.md` is its
//! description. Knows nothing of files and formats.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::country::CountryCode;
use crate::job::Job;
use crate::record::{Kind, Outcome, Record, Status};
use crate::run::embedded::SeenByServer;
use crate::run::resources::Resources;
use crate::run::signals::Signal;
use crate::strategy::Strategy;
use crate::tally::Tally;

/// The version of the shape. A field that is added does not change it; a reader ignores what it does not know.
pub const SCHEMA: u32 = 1;

/// One run or several, and where they took place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Where.
    pub host: Host,
    /// How they were compared, if they were.
    pub comparison: Option<Comparison>,
    /// In the order in which they took place.
    pub runs: Vec<RunReport>,
}

/// How runs of the same work were compared: each in a process of its own, against one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How often each strategy ran, in an order that was rotated.
    pub rounds: u32,
    /// How often each ran before that, uncounted.
    pub warmup: u32,
}

/// The program and the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The program and its version.
    pub program: String,
    /// The operating system, as Rust calls it.
    pub os: String,
    /// The processor's architecture, as Rust calls it.
    pub arch: String,
    /// How many threads can run at once.
    pub cpus: usize,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The strategy.
    pub strategy: Strategy,
    /// What it was told to do.
    pub settings: Settings,
    /// When it began, by RFC 3339, in UTC.
    pub started: String,
    /// The signal that ended it early.
    pub ended_by: Option<Signal>,
    /// In a comparison of several rounds, the round, from 1.
    pub round: Option<u32>,
    /// What the process took, as far as the system tells.
    pub resources: Option<Resources>,
    /// What the server saw of the run, as far as it tells.
    pub seen_by_server: Option<SeenByServer>,
    /// What came of all codes together.
    pub totals: Totals,
    /// What became of each code, sorted by code.
    pub records: Vec<RecordReport>,
}

/// What a run was told to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The server by its label, or CUSTOM.
    pub server: String,
    /// The base URL, a password in it as `***`.
    pub url: String,
    /// Whether the run served it itself.
    pub embedded: bool,
    /// The connection limit in force.
    pub connections: usize,
    /// The time a flag may take, from its turn to its last byte.
    pub timeout_ms: f64,
    /// The time a connection may take.
    pub connect_timeout_ms: f64,
    /// The largest body that is read, in bytes.
    pub size_limit: u64,
    /// How often a transient failure is tried again.
    pub retries: u32,
    /// Whether a whole flag that was there was enough.
    pub skip_existing: bool,
    /// The folder where flags went, as it was typed.
    pub dest: String,
}

/// What came of all codes together: `asked` is the sum of `ok`, `not_found`, `error` and `not_attempted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// The codes.
    pub asked: usize,
    /// Those whose flag is on disk now.
    pub ok: usize,
    /// Those of them whose flag was there before.
    pub already_there: usize,
    /// Those that the server has no flag of.
    pub not_found: usize,
    /// Those that failed.
    pub error: usize,
    /// Those that were never begun.
    pub not_attempted: usize,
    /// The bytes of all bodies, those of last attempts.
    pub bytes: u64,
    /// From the first request allowed to the last record.
    pub elapsed_ms: f64,
}

/// What became of one code. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordReport {
    /// The code.
    pub code: CountryCode,
    /// How it is counted.
    pub status: Status,
    /// Of an error, its kind.
    pub kind: Option<Kind>,
    /// Of an error, what exactly happened, as the program prints it.
    pub message: Option<String>,
    /// How often the server was asked; 0 with `ok` if the flag was there before.
    pub attempts: u32,
    /// The status of the last answer.
    pub http_status: Option<u16>,
    /// The bytes of its body that were read.
    pub bytes: u64,
    /// When its turn came, from the beginning of the run.
    pub start_ms: Option<f64>,
    /// All waiting that was not for the server: for its turn, and pauses between attempts.
    pub queue_ms: f64,
    /// Attempts before the last one.
    pub earlier_ms: f64,
    /// From the last request to the head of its answer, connecting included.
    pub first_byte_ms: f64,
    /// From there to the last byte read of its body.
    pub body_ms: f64,
    /// Checking and saving.
    pub save_ms: f64,
    /// Where the flag is.
    pub path: Option<String>,
}

impl Report {
    /// The report of these runs, here and now.
    pub fn new(runs: Vec<RunReport>) -> Self {
        Self {
            schema: SCHEMA,
            host: Host {
                program: concat!("flags ", env!("CARGO_PKG_VERSION")).to_owned(),
                os: std::env::consts::OS.to_owned(),
                arch: std::env::consts::ARCH.to_owned(),
                cpus: std::thread::available_parallelism().map_or(1, usize::from),
            },
            comparison: None,
            runs,
        }
    }

    /// The codes that ended in an error or were not attempted in any of the runs, sorted.
    pub fn failed(&self) -> Vec<CountryCode> {
        let records = self.runs.iter().flat_map(|run| &run.records);
        let failed = records.filter(|record| match record.status {
            Status::Error | Status::NotAttempted => true,
            Status::Ok | Status::NotFound => false,
        });
        let failed: BTreeSet<_> = failed.map(|record| record.code).collect();
        failed.into_iter().collect()
    }
}

/// What is known of a run besides what became of its codes.
#[derive(Debug)]
pub struct RunFacts<'a> {
    /// Its strategy.
    pub strategy: Strategy,
    /// Its work.
    pub job: &'a Job,
    /// The server by its label, or CUSTOM.
    pub server: &'a str,
    /// Whether the run served it itself.
    pub embedded: bool,
    /// The connection limit in force.
    pub connections: usize,
    /// When it began, on the clock on the wall.
    pub started: SystemTime,
    /// The same moment on the clock that measures.
    pub began: Instant,
    /// To the last record.
    pub elapsed: Duration,
    /// The signal that ended it early.
    pub ended_by: Option<Signal>,
    /// What the process took.
    pub resources: Option<Resources>,
    /// What the server saw, if it was ours.
    pub seen_by_server: Option<SeenByServer>,
}

impl RunReport {
    /// The report of a run: each code has a record, also one of which nothing was heard.
    pub fn new(facts: &RunFacts<'_>, tally: &Tally, records: &[Record]) -> Self {
        let job = facts.job;
        let heard: BTreeMap<_, _> = records.iter().map(|record| (record.code, record)).collect();
        let mut codes = job.codes.clone();
        codes.sort_unstable();
        let records = codes.into_iter().map(|code| match heard.get(&code) {
            Some(record) => RecordReport::new(record, facts.began),
            None => RecordReport::new(&Record::new(code, Outcome::NotAttempted), facts.began),
        });
        let records: Vec<_> = records.collect();
        Self {
            strategy: facts.strategy,
            settings: Settings {
                server: facts.server.to_owned(),
                url: job.base.to_string(),
                embedded: facts.embedded,
                connections: facts.connections,
                timeout_ms: ms(job.limits.timeout),
                connect_timeout_ms: ms(job.limits.connect_timeout),
                size_limit: job.limits.size,
                retries: job.retries,
                skip_existing: job.skip_existing,
                dest: in_text(&job.dest),
            },
            started: humantime::format_rfc3339_millis(facts.started).to_string(),
            ended_by: facts.ended_by,
            round: None,
            resources: facts.resources,
            seen_by_server: facts.seen_by_server,
            totals: Totals {
                asked: tally.asked(),
                ok: tally.ok(),
                already_there: tally.already_there(),
                not_found: tally.not_found(),
                error: tally.errors(),
                not_attempted: tally.not_attempted(),
                bytes: records.iter().map(|record| record.bytes).sum(),
                elapsed_ms: ms(facts.elapsed),
            },
            records,
        }
    }
}

impl RecordReport {
    fn new(record: &Record, began: Instant) -> Self {
        let effort = &record.effort;
        let (kind, message) = match &record.outcome {
            Outcome::Failed(failure) => (Some(failure.kind()), Some(failure.to_string())),
            _ => (None, None),
        };
        let path = match &record.outcome {
            Outcome::Saved(path) | Outcome::AlreadyThere(path) => Some(in_text(path)),
            _ => None,
        };
        let turn = effort
            .begun
            .map(|begun| begun.saturating_duration_since(began));
        Self {
            code: record.code,
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
        }
    }
}

/// Milliseconds, to the microsecond.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// A path as text; what is no text in it is replaced.
fn in_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
