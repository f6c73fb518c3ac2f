//! Results in the formats that other programs read. Data in, text out: nothing is written here.

use std::path::Path;

use crate::results::{RecordResults, Results};

/// A format of a file with results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// All there is to know.
    Json,
    /// A table: a line for each record.
    Csv,
}

impl Format {
    /// The format that the name of a file stands for, by its suffix in any case.
    pub fn of(path: &Path) -> Option<Self> {
        let suffix = path.extension()?.to_str()?;
        let named = |name| suffix.eq_ignore_ascii_case(name);
        match () {
            () if named("json") => Some(Self::Json),
            () if named("csv") => Some(Self::Csv),
            () => None,
        }
    }

    /// Results in this format, ending in a line break.
    pub fn text(self, results: &Results) -> String {
        match self {
            Self::Json => json(results),
            Self::Csv => csv(results),
        }
    }
}

fn json(results: &Results) -> String {
    let text = serde_json::to_string_pretty(results);
    text.expect("strings and finite numbers under strings") + "\n"
}

/// The columns of a table, one line for each record of each run.
pub const COLUMNS: [&str; 15] = [
    "strategy",
    "code",
    "status",
    "kind",
    "message",
    "attempts",
    "http_status",
    "bytes",
    "start_ms",
    "queue_ms",
    "earlier_ms",
    "first_byte_ms",
    "body_ms",
    "save_ms",
    "path",
];

fn csv(results: &Results) -> String {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let in_memory = "nothing fails in memory, and each line has as many columns as the first";
    writer.write_record(COLUMNS).expect(in_memory);
    for run in &results.runs {
        for record in &run.records {
            let line: (&str, &RecordResults) = (&run.strategy, record);
            writer.serialize(line).expect(in_memory);
        }
    }
    let bytes = writer.into_inner().expect(in_memory);
    String::from_utf8(bytes).expect("made of strings and numbers")
}
