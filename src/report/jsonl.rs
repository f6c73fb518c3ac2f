//! JSON lines: each record is a line, so a program can read it while others are still to come. `docs/reports.md` describes
//! the lines.
//!
//! The first line is about the program, a line begins each run and another ends it, with its records between them.

use program::{Resources, Signal};
use safe_text::visible_json;
use serde::Serialize;

use crate::report::model::{Host, RecordReport, Report, RunReport, Settings, Totals};
use crate::run::embedded::SeenByServer;
use crate::strategy::Strategy;

#[derive(Serialize)]
struct First<'a> {
    schema: u32,
    host: &'a Host,
}

#[derive(Serialize)]
struct Begin<'a> {
    run: Run<'a>,
}

#[derive(Serialize)]
struct Run<'a> {
    strategy: Strategy,
    settings: &'a Settings,
    started: &'a str,
    round: Option<u32>,
}

#[derive(Serialize)]
struct End<'a> {
    end: Ended<'a>,
}

#[derive(Serialize)]
struct Ended<'a> {
    ended_by: Option<Signal>,
    resources: Option<Resources>,
    seen_by_server: Option<SeenByServer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<bool>,
    totals: &'a Totals,
}

/// Returns a report of several runs.
pub(super) fn text(report: &Report) -> String {
    let runs = report.runs.iter().flat_map(|run| {
        let records = run.records.iter().map(record);
        let begin = begin(run.strategy, &run.settings, &run.started, run.round);
        [begin].into_iter().chain(records).chain([end(run)])
    });
    [first(report.schema, &report.host)]
        .into_iter()
        .chain(runs)
        .collect()
}

/// Returns the first line.
pub(super) fn first(schema: u32, host: &Host) -> String {
    line(&First { schema, host })
}

/// Returns the line before the records of a run.
pub(super) fn begin(
    strategy: Strategy,
    settings: &Settings,
    started: &str,
    round: Option<u32>,
) -> String {
    line(&Begin {
        run: Run {
            strategy,
            settings,
            started,
            round,
        },
    })
}

/// Returns the line of a record.
pub(super) fn record(record: &RecordReport) -> String {
    line(record)
}

/// Returns the line after the records of a run.
pub(super) fn end(run: &RunReport) -> String {
    line(&End {
        end: Ended {
            ended_by: run.ended_by,
            resources: run.resources,
            seen_by_server: run.seen_by_server,
            unread: run.unread.then_some(true),
            totals: &run.totals,
        },
    })
}

fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value);
    visible_json(&text.expect("strings and finite numbers under strings")) + "\n"
}
