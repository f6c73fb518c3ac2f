//! The content of JSON and CSV reports, compared with the printed summary of the same run.

use std::collections::BTreeMap;
use std::fs;

use flags::record::Status;
use flags::report::COLUMNS;
use flags::report::{RecordReport, Report};
use test_server::{Plan, TestServer};

use super::{count, printed_count, results};
use crate::support::{Program, STRATEGIES};

#[test]
fn json_csv_and_text_agree_in_every_strategy() {
    for strategy in STRATEGIES {
        let program = Program::new();
        let args = [
            "-s",
            "ERROR",
            "b",
            "--strategy",
            strategy,
            "--retries",
            "1",
            "--report",
            "r.json",
            "--report",
            "r.csv",
        ];
        let run = program.run(args);
        let json = results(&program.folder.path().join("r.json"));
        let only = &json.runs[0];
        assert_eq!(
            (json.schema, json.runs.len(), only.strategy.name()),
            (1, 1, strategy)
        );
        assert_eq!(
            (
                only.settings.server.as_str(),
                only.settings.retries,
                only.settings.embedded
            ),
            ("ERROR", 1, true)
        );

        let totals = &only.totals;
        assert_eq!(
            [
                totals.ok,
                totals.not_found,
                totals.error,
                totals.not_attempted
            ],
            Status::ALL.map(|status| count(only, status))
        );
        assert_eq!(
            totals.asked,
            totals.ok + totals.not_found + totals.error + totals.not_attempted
        );
        assert_eq!([totals.ok, totals.not_found, totals.error], [12, 8, 6]);
        assert_eq!(
            [
                printed_count(&run.out, "downloaded"),
                printed_count(&run.out, "not found"),
                printed_count(&run.out, "error")
            ],
            [12, 8, 6]
        );
        assert_eq!(
            totals.bytes,
            only.records.iter().map(|record| record.bytes).sum::<u64>()
        );
        let codes: Vec<_> = only.records.iter().map(RecordReport::word).collect();
        assert!(codes.is_sorted() && codes.len() == 26 && codes[0] == "BA");
        for record in &only.records {
            check_record(record, totals.elapsed_ms, &program);
        }

        let mut reader = csv::Reader::from_path(program.folder.path().join("r.csv")).unwrap();
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            COLUMNS
        );
        let rows: Vec<BTreeMap<String, String>> =
            reader.deserialize().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 26);
        for (row, record) in rows.iter().zip(&only.records) {
            let same = serde_json::to_value(record).unwrap();
            for (name, value) in same.as_object().unwrap() {
                let value = match value {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(row[name], value, "{name} of {}", record.word());
            }
            assert_eq!(
                (row["strategy"].as_str(), row.len()),
                (strategy, COLUMNS.len())
            );
        }
    }
}

/// Returns the lengths of the stretches of time that a record consists of, in milliseconds.
fn spans(record: &RecordReport) -> [f64; 5] {
    [
        record.queue_ms,
        record.earlier_ms,
        record.first_byte_ms,
        record.body_ms,
        record.save_ms,
    ]
}

/// Checks what must hold for every record: the fields agree with each other and with the file on disk.
fn check_record(record: &RecordReport, elapsed_ms: f64, program: &Program) {
    let failed = record.status == Status::Error;
    assert_eq!(
        (record.kind.is_some(), record.message.is_some()),
        (failed, failed),
        "{record:?}"
    );
    match &record.path {
        Some(path) => {
            assert_eq!(record.status, Status::Ok);
            let length = fs::metadata(program.folder.path().join(path))
                .unwrap()
                .len();
            assert_eq!((record.bytes, record.http_status), (length, Some(200)));
        }
        None => assert_ne!(record.status, Status::Ok),
    }
    let spans = spans(record);
    assert!(spans.iter().all(|&span| span >= 0.0));
    // Each span is rounded down to the microsecond.
    assert!(
        spans.iter().sum::<f64>() <= elapsed_ms + 0.01,
        "{record:?} in {elapsed_ms}"
    );
    assert!(record.start_ms.unwrap() <= record.queue_ms, "{record:?}");
    let is_retried = record
        .http_status
        .is_some_and(|status| [500, 502, 503].contains(&status));
    assert_eq!(
        record.attempts,
        if is_retried { 2 } else { 1 },
        "{record:?}"
    );
}

#[test]
fn the_spans_of_a_record_add_up_to_the_elapsed_time() {
    let server = TestServer::start(
        "100:status=503+retry-after=1+transient=1"
            .parse::<Plan>()
            .unwrap(),
    )
    .unwrap();
    let program = Program::new();
    program.run([
        "-s",
        &server.url(),
        "br",
        "--retries",
        "1",
        "--report",
        "r.json",
    ]);
    let report = results(&program.folder.path().join("r.json"));
    let (record, totals) = (&report.runs[0].records[0], &report.runs[0].totals);
    assert!(
        record.queue_ms >= 999.0 && record.start_ms.unwrap() < record.queue_ms - 900.0,
        "{record:?}"
    );
    assert!(
        record.earlier_ms > 0.0 && record.first_byte_ms > 0.0 && record.save_ms > 0.0,
        "{record:?}"
    );
    let sum = spans(record).iter().sum::<f64>();
    // Only a few lines of code run between the spans, which add up to more than a second.
    assert!(
        sum > 0.9 * totals.elapsed_ms && sum <= totals.elapsed_ms + 0.01,
        "{sum} of {totals:?}"
    );
}

#[test]
fn a_dash_prints_only_json_on_standard_output() {
    let program = Program::new();
    let run = program.run(["-v", "br", "xx", "--report", "-"]);
    let results: Report = serde_json::from_str(&run.out).unwrap();
    assert_eq!(results.runs[0].totals.asked, 2);
    assert!(
        run.err.contains("\nBR OK\n") && run.err.contains("XX not found\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(0));
}
