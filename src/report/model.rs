//! The report as data. `docs/reports.md` describes it for readers of the JSON.
//!
//! One shape serves one run and many. Fields may be added but never removed or changed, so that earlier reports stay
//! readable. Knows nothing of files and formats.

use comparison::{Interval, Spread};
use serde::{Deserialize, Serialize};

use crate::country::CountryCode;
use crate::record::{Kind, Status};
use crate::run::embedded::SeenByServer;
use crate::strategy::Strategy;
use program::{Resources, Signal};

/// The version of the report's shape. Adding a field does not change it: readers ignore fields that they do not know.
pub const SCHEMA: u32 = 1;

/// The version of a report of a list, whose records have no codes.
pub const SCHEMA_OF_LISTS: u32 = 2;

/// A report of one or more runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the shape: [`SCHEMA`] or [`SCHEMA_OF_LISTS`].
    pub schema: u32,
    /// The program and the machine that ran it.
    pub host: Host,
    /// The settings of the comparison, if the runs belong to one.
    pub comparison: Option<ComparisonSettings>,
    /// The runs, in the order in which they took place.
    pub runs: Vec<RunReport>,
}

/// The settings of a comparison: runs of the same work against one server, each in its own process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonSettings {
    /// How often each series ran at most. The order rotates from round to round. Series whose runs take long may have fewer rounds.
    pub rounds: u32,
    /// The number of warm-up rounds, which are not measured.
    pub warmup: u32,
    /// The state in which each run met the server.
    #[serde(default)]
    pub server: ServerState,
    /// The statistics of each series. Absent from older reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<SeriesReport>,
    /// What the statistics show, in a sentence, if there are at least two series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// How far the comparison came, if it ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// How far a comparison came that ended early. Warm-up runs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The number of runs that ended in order.
    pub finished: usize,
    /// The number of runs, as far as was known.
    pub planned: usize,
}

/// The statistics of the runs with the same strategy and connection limit. Runs that ended early are not among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesReport {
    /// The strategy of the runs.
    pub strategy: String,
    /// The connection limit of the runs.
    pub connections: usize,
    /// The number of runs.
    pub rounds: usize,
    /// The number of runs whose elapsed time is far from that of the others.
    pub outliers: usize,
    /// The elapsed times, in milliseconds.
    pub elapsed_ms: Spread,
    /// How many times faster the series was than the slowest one; `None` if the runs cannot be compared.
    pub speed_up: Option<f64>,
    /// The speed-up from paired rounds, with its 99 % confidence interval; `None` for the slowest series and with too few rounds.
    pub speed_up_interval: Option<Interval>,
    /// A lower bound on any schedule of the downloads of a run, the median over all runs, in milliseconds.
    pub ideal_ms: f64,
    /// The ideal time divided by the median elapsed time.
    pub of_ideal: f64,
}

/// The state in which each run of a comparison meets the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// The embedded server, reset before each run.
    Fresh,
    /// A running test-server, reset before each run.
    Reset,
    /// A server that is not reset: what one run changed, the next one may meet.
    #[default]
    Kept,
}

/// The program and the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The name of the program and its version.
    pub program: String,
    /// The operating system: [`std::env::consts::OS`].
    pub os: String,
    /// The processor's architecture: [`std::env::consts::ARCH`].
    pub arch: String,
    /// The number of threads that can run at once.
    pub cpus: usize,
}

/// The report of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The strategy that decided when each flag was downloaded.
    pub strategy: Strategy,
    /// The settings of the run.
    pub settings: Settings,
    /// The start of the run: an RFC 3339 timestamp in UTC.
    pub started: String,
    /// The signal that ended the run early.
    pub ended_by: Option<Signal>,
    /// The round, from 1, in a comparison of several rounds.
    pub round: Option<u32>,
    /// The processor time and memory of the process, if the system reports them.
    pub resources: Option<Resources>,
    /// The counters of the embedded server; in a comparison, also those of a test server that was already running.
    pub seen_by_server: Option<SeenByServer>,
    /// Whether the run ended before its list had been read to the end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unread: bool,
    /// The counts over all codes.
    pub totals: Totals,
    /// One record for each item: sorted by code, or in the order of the lines.
    pub records: Vec<RecordReport>,
}

/// The settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The label of the server, CUSTOM, or LIST.
    pub server: String,
    /// The base URL, with a password or a token shown as `***`; empty for a list.
    pub url: String,
    /// The file with the list, as typed, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The same file as an absolute path, so that it is found from elsewhere; `None` for standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_path: Option<String>,
    /// Whether the names of files have folders as in their URLs; only for a list.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep_paths: bool,
    /// The most items of the list that were taken, if there was a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether only the lines were taken that an earlier run did not finish.
    #[serde(default, skip_serializing_if = "is_false")]
    pub failed: bool,
    /// Whether the program itself was the server.
    pub embedded: bool,
    /// The connection limit in force.
    pub connections: usize,
    /// The time limit of a request, in milliseconds: from its turn to its last byte.
    pub timeout_ms: f64,
    /// The time limit for connecting, in milliseconds.
    pub connect_timeout_ms: f64,
    /// The size limit of a body, in bytes, if there was one.
    pub size_limit: Option<u64>,
    /// How often a transient failure is retried, at most.
    pub retries: u32,
    /// The time limit of the whole run, in milliseconds, if there was one.
    #[serde(default)]
    pub max_time_ms: Option<f64>,
    /// Whether a complete flag that was already there was kept instead of downloaded.
    pub skip_existing: bool,
    /// Whether every certificate was accepted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// Whether HTTP/2 was used where a server offered it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub http2: bool,
    /// The most requests at once to one origin, if that was limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_host: Option<usize>,
    /// The most requests in a second, if that was limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The folder for the flags, as typed.
    pub dest: String,
    /// The same folder as an absolute path, so that it is found from elsewhere; `None` in reports of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The counts over all codes of a run: `asked` is the sum of `ok`, `not_found`, `error` and `not_attempted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// The number of codes requested.
    pub asked: usize,
    /// The codes whose flag is on disk.
    pub ok: usize,
    /// The part of `ok` whose flag was on disk before the run.
    pub already_there: usize,
    /// The codes for which the server has no flag.
    pub not_found: usize,
    /// The codes whose download failed.
    pub error: usize,
    /// The codes whose download never started.
    pub not_attempted: usize,
    /// The bytes read of all bodies of answers with status 200, counting only the last attempt of each code.
    pub bytes: u64,
    /// The time from the first request allowed to the last record, in milliseconds.
    pub elapsed_ms: f64,
}

/// The result of one item. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordReport {
    /// The country code, if the item is a flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CountryCode>,
    /// The number of the line, if the item is one of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The name of the file, or `line 7` for a bad line, if the item is a line of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL, with a password or a token shown as `***`, or nothing for a bad line, if the item is a line of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The status under which the code is counted.
    pub status: Status,
    /// The kind of an error.
    pub kind: Option<Kind>,
    /// The cause of an error, as the program prints it.
    pub message: Option<String>,
    /// The number of attempts; 0 with status `ok` if the flag was there before.
    pub attempts: u32,
    /// The HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// The bytes read of the body of a 200, or of the rest of one; 0 for other statuses.
    pub bytes: u64,
    /// The time from the start of the run to the start of the download.
    pub start_ms: Option<f64>,
    /// All waiting that was not for the server: for the turn, and the pauses before and between attempts.
    pub queue_ms: f64,
    /// The attempts before the last one.
    pub earlier_ms: f64,
    /// From the last request to the head of its answer, connecting included.
    pub first_byte_ms: f64,
    /// From there to the last byte read of the body.
    pub body_ms: f64,
    /// Saving.
    pub save_ms: f64,
    /// The path of the flag on disk. Bytes that are not valid Unicode are replaced.
    pub path: Option<String>,
    /// The number of bytes that were there before the last attempt, if that received only the rest.
    #[serde(default)]
    pub continued_from: Option<u64>,
}

impl Host {
    /// Returns this program on this machine.
    pub(crate) fn this() -> Self {
        Self {
            program: concat!("flags ", env!("CARGO_PKG_VERSION")).to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Returns the version of a report over a list, or over codes.
pub(crate) fn schema_of(is_list: bool) -> u32 {
    match is_list {
        true => SCHEMA_OF_LISTS,
        false => SCHEMA,
    }
}

impl Report {
    /// Returns whether the runs are over a list, and not over codes.
    pub fn is_of_list(&self) -> bool {
        self.schema == SCHEMA_OF_LISTS
    }

    /// Returns the report of these runs, made by this program on this machine.
    pub fn new(runs: Vec<RunReport>) -> Self {
        let is_list = runs.iter().any(|run| run.settings.input.is_some());
        Self {
            schema: schema_of(is_list),
            host: Host::this(),
            comparison: None,
            runs,
        }
    }
}

impl RecordReport {
    /// Returns the word for the item: its code, or the name of its file.
    pub fn word(&self) -> String {
        let name = || self.name.clone().unwrap_or_default();
        self.code.map_or_else(name, |code| code.to_string())
    }
}

/// Returns whether a field is left out.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}
