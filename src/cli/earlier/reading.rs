//! Reads what `--failed` needs of a report, from JSON or from JSON lines.
//!
//! Nothing else is read: another version may write it with words that this one does not know, such as the name of a new
//! strategy.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::country::CountryCode;
use crate::record::Status;
use crate::report::{SCHEMA, SCHEMA_OF_LISTS};

/// The most bytes read of a JSON report, and of a line of JSON lines. A hundred runs of all codes take half of this.
const LARGEST: u64 = 64 << 20;

/// A part of a report, in their order.
pub(super) enum Part {
    /// A run begins.
    Run(Place),
    /// A record of that run.
    Record(EarlierRecord),
    /// The run did not read its list to the end.
    Unread,
}

/// The server and the folder of a run, and its list, if it had one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Place {
    pub(super) server: String,
    pub(super) url: String,
    pub(super) dest: String,
    pub(super) folder: Option<String>,
    pub(super) input: Option<String>,
    pub(super) input_path: Option<String>,
    #[serde(default)]
    pub(super) keep_paths: bool,
    pub(super) limit: Option<usize>,
    /// Whether only the lines that an earlier run did not finish were taken.
    #[serde(default)]
    pub(super) failed: bool,
}

/// A record of an earlier run.
#[derive(Deserialize)]
pub(super) struct EarlierRecord {
    pub(super) code: Option<CountryCode>,
    pub(super) line: Option<u64>,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) url: String,
    pub(super) status: Status,
}

/// How a report ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// In order: each item of its runs has a record.
    Whole,
    /// In the middle of a run: the program was killed while it wrote JSON lines.
    Cut,
}

/// Reads the report in `file`, or on standard input if that is `-`, and passes its parts on.
///
/// # Errors
/// If it cannot be read, if it is not a report of a known version, and the error of `note`.
pub(super) fn read(
    file: &Path,
    note: &mut dyn FnMut(Part) -> Result<(), String>,
) -> Result<Ending, String> {
    let mut reader: Box<dyn BufRead> = match file == Path::new("-") {
        true => Box::new(BufReader::new(io::stdin())),
        false => Box::new(BufReader::new(File::open(file).map_err(text)?)),
    };
    let first = read_line(&mut reader)?;
    match serde_json::from_slice(&first) {
        Ok(First { schema, runs: None }) => {
            check_schema(schema)?;
            read_lines(&mut reader, note)
        }
        _ => {
            let mut document = first;
            let rest = (&mut reader).take(LARGEST);
            BufReader::new(rest)
                .read_to_end(&mut document)
                .map_err(text)?;
            if document.len() as u64 >= LARGEST {
                return Err("too large for a report".to_owned());
            }
            read_document(&document, note)?;
            Ok(Ending::Whole)
        }
    }
}

/// Reads JSON.
fn read_document(
    document: &[u8],
    note: &mut dyn FnMut(Part) -> Result<(), String>,
) -> Result<(), String> {
    let Schema { schema } = serde_json::from_slice(document).map_err(unusable)?;
    check_schema(schema)?;
    let Runs { runs } = serde_json::from_slice(document).map_err(unusable)?;
    for run in runs {
        note(Part::Run(run.settings))?;
        for record in run.records {
            note(Part::Record(record))?;
        }
        if run.unread {
            note(Part::Unread)?;
        }
    }
    Ok(())
}

/// Reads JSON lines after the first one. The last line may be cut: the program was killed while it wrote it.
fn read_lines(
    reader: &mut dyn BufRead,
    note: &mut dyn FnMut(Part) -> Result<(), String>,
) -> Result<Ending, String> {
    let mut ending = Ending::Whole;
    let mut records = 0;
    for number in 2_u64.. {
        let line = read_line(reader)?;
        if line.last() != Some(&b'\n') {
            return Ok(match line.is_empty() {
                true => ending,
                false => Ending::Cut,
            });
        }
        let wrong = |error| format!("line {number}: {}", unusable(error));
        match serde_json::from_slice(&line).map_err(wrong)? {
            Line { run: Some(run), .. } => {
                ending = Ending::Cut;
                records = 0;
                note(Part::Run(run.settings))?;
            }
            Line { end: Some(end), .. } => {
                ending = Ending::Whole;
                let asked = end.totals.asked;
                if end.unread {
                    note(Part::Unread)?;
                } else if records != asked {
                    return Err(format!(
                        "not a usable report: it has {records} records of {asked} items"
                    ));
                }
            }
            Line { .. } => {
                let record = serde_json::from_slice(&line).map_err(wrong)?;
                records += 1;
                note(Part::Record(record))?;
            }
        }
    }
    Ok(ending)
}

/// Reads a line with its line break; nothing at the end.
fn read_line(reader: &mut dyn BufRead) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    reader
        .take(LARGEST)
        .read_until(b'\n', &mut line)
        .map_err(text)?;
    Ok(line)
}

fn check_schema(schema: u32) -> Result<(), String> {
    match schema {
        SCHEMA | SCHEMA_OF_LISTS => Ok(()),
        other => Err(format!(
            "schema {other} is not supported, only {SCHEMA} and {SCHEMA_OF_LISTS}"
        )),
    }
}

fn unusable(error: serde_json::Error) -> String {
    format!("not a usable report: {error}")
}

fn text(error: io::Error) -> String {
    error.to_string()
}

/// The first line of JSON lines. JSON in a single line has runs as well.
#[derive(Deserialize)]
struct First {
    schema: u32,
    runs: Option<IgnoredAny>,
}

/// The field that reports of all versions have.
#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

#[derive(Deserialize)]
struct Runs {
    runs: Vec<EarlierRun>,
}

#[derive(Deserialize)]
struct EarlierRun {
    settings: Place,
    records: Vec<EarlierRecord>,
    #[serde(default)]
    unread: bool,
}

/// What distinguishes a line of JSON lines. A record has neither.
#[derive(Deserialize)]
struct Line {
    run: Option<Settings>,
    end: Option<End>,
}

#[derive(Deserialize)]
struct Settings {
    settings: Place,
}

#[derive(Deserialize)]
struct End {
    #[serde(default)]
    unread: bool,
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    asked: u64,
}
