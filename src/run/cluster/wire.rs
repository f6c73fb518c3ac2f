//! Items and records in the form in which they are sent. Times are durations, because machines do not share a clock.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::item::{Checksum, Expected, Item};
use crate::record::{Effort, Failure, Kind, Outcome, Record};

/// A line of a list.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SentItem {
    line: u64,
    /// What the line asks for, or why it cannot be used.
    meaning: Result<SentTarget, String>,
}

/// What a line asks for. The process that reads the list names the files, so that each has a name of its own.
#[derive(Debug, Serialize, Deserialize)]
struct SentTarget {
    url: String,
    name: String,
    sha256: Option<[u8; 32]>,
    size: Option<u64>,
}

impl SentItem {
    /// Returns the form of a line of a list; `None` for the flag of a country.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let expected = item.expected();
        let meaning = match item.url() {
            Ok(url) => Ok(SentTarget {
                url: url.into(),
                name: item.file_name(),
                sha256: expected.sha256.map(|Checksum(bytes)| bytes),
                size: expected.size,
            }),
            Err(reason) => Err(reason.to_owned()),
        };
        let line = item.line()?;
        Some(Self { line, meaning })
    }

    /// Returns the item.
    pub(super) fn item(self) -> Item {
        let Self { line, meaning } = self;
        let target = meaning.and_then(|target| match Url::parse(&target.url) {
            Ok(url) => Ok((url, target)),
            Err(error) => Err(format!("not a URL: {error}")),
        });
        match target {
            Ok((
                url,
                SentTarget {
                    name, sha256, size, ..
                },
            )) => {
                let sha256 = sha256.map(Checksum);
                Item::of_line(line, url, name, Expected { sha256, size })
            }
            Err(reason) => Item::of_bad_line(line, reason),
        }
    }
}

/// The record of a line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SentRecord {
    pub(super) line: u64,
    outcome: SentOutcome,
    attempts: u32,
    http_status: Option<u16>,
    bytes: u64,
    continued_from: Option<u64>,
    /// From the start of the task.
    begun: Option<Duration>,
    paused: Duration,
    earlier: Duration,
    first_byte: Duration,
    body: Duration,
    save: Duration,
}

/// How a download ended. The path of its file follows from its name.
#[derive(Debug, Serialize, Deserialize)]
enum SentOutcome {
    Saved,
    AlreadyThere,
    NotFound,
    Failed {
        kind: Kind,
        cause: String,
        proxy: Option<String>,
    },
    NotAttempted,
}

impl SentRecord {
    /// Returns the form of a record of a task that began at `task`; `None` for the flag of a country.
    pub(super) fn of(record: &Record, task: Instant) -> Option<Self> {
        // Every field is named, so that a new one does not compile until it is handled here.
        let Effort {
            attempts,
            http_status,
            bytes,
            continued_from,
            begun,
            paused,
            earlier,
            first_byte,
            body,
            save,
        } = record.effort;
        let outcome = match &record.outcome {
            Outcome::Saved(_) => SentOutcome::Saved,
            Outcome::AlreadyThere(_) => SentOutcome::AlreadyThere,
            Outcome::NotFound => SentOutcome::NotFound,
            Outcome::Failed(failure) => SentOutcome::Failed {
                kind: failure.kind(),
                cause: failure.cause().to_owned(),
                proxy: failure.proxy().map(str::to_owned),
            },
            Outcome::NotAttempted => SentOutcome::NotAttempted,
        };
        Some(Self {
            line: record.item.line()?,
            outcome,
            attempts,
            http_status,
            bytes,
            continued_from,
            begun: begun.map(|begun| begun.saturating_duration_since(task)),
            paused,
            earlier,
            first_byte,
            body,
            save,
        })
    }

    /// Returns the record of `item`, whose task began at `task` by the clock of this machine. Files are in `dest`.
    pub(super) fn record(self, item: Item, task: Instant, dest: &Path) -> Record {
        let outcome = match self.outcome {
            SentOutcome::Saved => Outcome::Saved(dest.join(item.file_name())),
            SentOutcome::AlreadyThere => Outcome::AlreadyThere(dest.join(item.file_name())),
            SentOutcome::NotFound => Outcome::NotFound,
            SentOutcome::Failed { kind, cause, proxy } => {
                // Made anew, because this makes text from another machine visible.
                let failure = Failure::new(kind, cause);
                Outcome::Failed(match proxy {
                    Some(proxy) => failure.via_proxy(&proxy),
                    None => failure,
                })
            }
            SentOutcome::NotAttempted => Outcome::NotAttempted,
        };
        let effort = Effort {
            attempts: self.attempts,
            http_status: self.http_status,
            bytes: self.bytes,
            continued_from: self.continued_from,
            begun: self.begun.and_then(|begun| task.checked_add(begun)),
            paused: self.paused,
            earlier: self.earlier,
            first_byte: self.first_byte,
            body: self.body,
            save: self.save,
        };
        Record {
            item,
            outcome,
            effort,
        }
    }
}
