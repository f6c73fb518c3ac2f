//! The report as trace events, for Perfetto and chrome://tracing.
//!
//! Each run is a process, and each of its lanes is a thread. The downloads of a lane follow one another on its thread,
//! and each contains its phases.

use std::collections::BTreeSet;

use comparison::{PhaseKind, Run, Task, Terms, count};
use safe_text::visible_json;
use serde_json::{Value, json};

use crate::report::model::Report;
use crate::report::side_by_side::side_by_side;

/// Returns the report as one JSON object in the Trace Event Format.
pub(super) fn text(report: &Report) -> String {
    let shown = side_by_side(report);
    let mut events = Events::default();
    for (i, run) in shown.runs.iter().enumerate() {
        let process = i + 1;
        let round = run
            .round
            .map_or_else(String::new, |round| format!(", round {round}"));
        let slots = count(run.slots, shown.terms.slot);
        let name = format!("{}, {slots}{round}", run.label);
        events.add(&metadata_event(
            "process_name",
            process,
            0,
            json!({ "name": name }),
        ));
        events.add(&metadata_event(
            "process_sort_index",
            process,
            0,
            json!({ "sort_index": process }),
        ));
        run_events(run, process, shown.terms, &mut events);
    }
    let host =
        json!({ "program": report.host.program, "os": report.host.os, "arch": report.host.arch });
    let trace = format!(
        "{{\"displayTimeUnit\":\"ms\",\"otherData\":{host},\"traceEvents\":[{}]}}",
        events.0
    );
    visible_json(&trace) + "\n"
}

/// The events as JSON, separated by commas. As values, those of 50,000 downloads would take 770 MB instead of 90.
#[derive(Default)]
struct Events(String);

impl Events {
    fn add(&mut self, event: &Value) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0 += &event.to_string();
    }
}

/// Appends the events of a run.
fn run_events(run: &Run, process: usize, terms: &Terms, events: &mut Events) {
    let mut named = BTreeSet::new();
    for task in run.by_start() {
        let Some(lane) = task.lane else { continue };
        let thread = lane + 1;
        if named.insert(thread) {
            let name = json!({ "name": format!("{} {thread}", terms.slot) });
            events.add(&metadata_event("thread_name", process, thread, name));
        }
        download_events(task, (process, thread), terms, events);
    }
}

/// Appends the event of a download and those of its phases, which lie within it. The queue phase has no event: it is
/// before the download.
fn download_events(task: &Task, place: (usize, usize), terms: &Terms, events: &mut Events) {
    let Some((start_ms, end_ms)) = task.interval() else {
        return;
    };
    let event = |name: &str, category: &str, from_ms: f64, to_ms: f64| {
        let (from, to) = (micros(from_ms), micros(to_ms));
        json!({
            "name": name, "cat": category, "ph": "X", "ts": from, "dur": to - from, "pid": place.0, "tid": place.1,
            "args": { "code": task.name, "status": task.outcome.class(), "message": task.message },
        })
    };
    events.add(&event(&task.name, terms.task, start_ms, end_ms));
    let spans = task.spans().into_iter();
    for span in spans.filter(|span| span.kind != PhaseKind::Queue) {
        let named = terms.phases.iter().find(|phase| phase.kind == span.kind);
        let name = named.map_or("", |phase| phase.name);
        events.add(&event(name, "phase", span.from_ms, span.to_ms));
    }
}

/// Returns a metadata event, which names or sorts a process or a thread.
fn metadata_event(what: &str, process: usize, thread: usize, args: Value) -> Value {
    json!({ "name": what, "ph": "M", "pid": process, "tid": thread, "args": args })
}

fn micros(ms: f64) -> i64 {
    (ms * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::strategy::Strategy;

    #[test]
    fn there_are_as_many_threads_as_downloads_in_flight_at_once() {
        let report = Report::new(vec![samples::run(Strategy::ThreadPool, 3, 10)]);
        let text = text(&report);
        let trace: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text, format!("{trace}\n"));
        let events = trace["traceEvents"].as_array().unwrap();
        let named = |name: &str| events.iter().filter(|event| event["name"] == name).count();
        assert_eq!((named("process_name"), named("thread_name")), (1, 3));
        let downloads: Vec<_> = events
            .iter()
            .filter(|event| event["cat"] == "download")
            .collect();
        assert_eq!((downloads.len(), &downloads[9]["name"]), (10, &json!("AJ")));
        assert_eq!(
            (&downloads[9]["ts"], &downloads[9]["dur"]),
            (&json!(309_000), &json!(103_000))
        );
    }
}
