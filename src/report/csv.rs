//! The CSV report: a table for spreadsheets with one line for each record of each run.

use csv::{Writer, WriterBuilder};

use crate::report::model::{RecordReport, Report};
use crate::strategy::Strategy;

/// The column names of the CSV report, in order.
///
/// The run's strategy, connections and round, then the fields of [`RecordReport`] in their order.
pub const COLUMNS: [&str; 18] = [
    "strategy",
    "connections",
    "round",
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
    "continued_from",
];

/// The column names of the CSV report of a list: instead of the code, the number of the line, the name and the URL.
pub const COLUMNS_OF_LISTS: [&str; 20] = [
    "strategy",
    "connections",
    "round",
    "line",
    "name",
    "url",
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
    "continued_from",
];

/// Why writing to memory cannot fail.
const IN_MEMORY: &str = "nothing fails in memory, and each line has as many columns as the first";

/// Returns the report as CSV, a line of column names first.
pub(super) fn text(report: &Report) -> String {
    let mut text = header(report.is_of_list());
    for run in &report.runs {
        let connections = run.settings.connections;
        for record in &run.records {
            text += &line(run.strategy, connections, run.round, record);
        }
    }
    text
}

/// Returns the line of column names.
pub(super) fn header(is_list: bool) -> String {
    let columns = match is_list {
        true => &COLUMNS_OF_LISTS[..],
        false => &COLUMNS,
    };
    written(|writer| writer.write_record(columns))
}

/// Returns the line of a record.
pub(super) fn line(
    strategy: Strategy,
    connections: usize,
    round: Option<u32>,
    record: &RecordReport,
) -> String {
    written(|writer| writer.serialize((strategy, connections, round, record)))
}

/// Returns what this writes.
fn written(write: impl FnOnce(&mut Writer<Vec<u8>>) -> csv::Result<()>) -> String {
    let mut writer = WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    write(&mut writer).expect(IN_MEMORY);
    let bytes = writer.into_inner().expect(IN_MEMORY);
    String::from_utf8(bytes).expect("made of strings and numbers")
}
