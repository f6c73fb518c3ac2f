//! The CSV report: a table for spreadsheets with one line for each record of each run.

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

/// Returns the report as CSV, a line of column names first.
pub(super) fn text(report: &Report) -> String {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let in_memory = "nothing fails in memory, and each line has as many columns as the first";
    let columns = match report.is_of_list() {
        true => &COLUMNS_OF_LISTS[..],
        false => &COLUMNS,
    };
    writer.write_record(columns).expect(in_memory);
    for run in &report.runs {
        for record in &run.records {
            let connections = run.settings.connections;
            let line: (Strategy, usize, Option<u32>, &RecordReport) =
                (run.strategy, connections, run.round, record);
            writer.serialize(line).expect(in_memory);
        }
    }
    let bytes = writer.into_inner().expect(in_memory);
    String::from_utf8(bytes).expect("made of strings and numbers")
}
