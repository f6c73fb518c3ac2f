//! Trace events, for Perfetto and chrome://tracing: a process for each run, in it a thread for each connection, on it the
//! downloads one behind the other, and in each download its phases.
//!
//! Which connection a download went through is not in the records. The threads are lanes instead: a download goes to the first
//! that is free when its turn comes, so there are as many as were busy at once.

use serde_json::{Value, json};

use crate::export::phases::{Phase, by_turn, interval, spans};
use crate::export::wording::series_title;
use crate::results::{RecordResults, Results, RunResults};

pub(super) fn text(results: &Results) -> String {
    let mut events = Vec::new();
    for (i, run) in results.runs.iter().enumerate() {
        let process = i + 1;
        let round = run
            .round
            .map_or_else(String::new, |round| format!(", round {round}"));
        let name = format!("{}{round}", series_title(run));
        events.push(naming("process_name", process, 0, json!({ "name": name })));
        events.push(naming(
            "process_sort_index",
            process,
            0,
            json!({ "sort_index": process }),
        ));
        run_events(run, process, &mut events);
    }
    let trace = json!({
        "displayTimeUnit": "ms",
        "otherData": { "program": results.host.program, "os": results.host.os, "arch": results.host.arch },
        "traceEvents": events,
    });
    trace.to_string() + "\n"
}

fn run_events(run: &RunResults, process: usize, events: &mut Vec<Value>) {
    let mut free_from_ms = Vec::<f64>::new();
    for record in by_turn(&run.records) {
        let Some((start_ms, end_ms)) = interval(record) else {
            continue;
        };
        let free = free_from_ms.iter().position(|&from_ms| from_ms <= start_ms);
        let lane = free.unwrap_or_else(|| {
            free_from_ms.push(0.0);
            let thread = free_from_ms.len();
            let name = json!({ "name": format!("connection {thread}") });
            events.push(naming("thread_name", process, thread, name));
            thread - 1
        });
        free_from_ms[lane] = end_ms;
        download(record, (start_ms, end_ms), (process, lane + 1), events);
    }
}

/// The event of a download, and those of its phases, which lie in it.
fn download(
    record: &RecordResults,
    (start_ms, end_ms): (f64, f64),
    place: (usize, usize),
    events: &mut Vec<Value>,
) {
    let event = |name: &str, category: &str, from_ms: f64, to_ms: f64| {
        let (from, to) = (micros(from_ms), micros(to_ms));
        json!({
            "name": name, "cat": category, "ph": "X", "ts": from, "dur": to - from, "pid": place.0, "tid": place.1,
            "args": { "code": record.code, "status": record.status, "message": record.message },
        })
    };
    events.push(event(&record.code, "download", start_ms, end_ms));
    let phases = spans(record)
        .into_iter()
        .filter(|span| span.phase != Phase::Queue);
    events.extend(phases.map(|span| event(span.phase.name(), "phase", span.from_ms, span.to_ms)));
}

fn naming(what: &str, process: usize, thread: usize, args: Value) -> Value {
    json!({ "name": what, "ph": "M", "pid": process, "tid": thread, "args": args })
}

fn micros(ms: f64) -> i64 {
    (ms * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn there_are_as_many_lanes_as_were_busy_at_once() {
        let results = Results::new(vec![samples::run("threadpool", 3, 10)]);
        let trace: Value = serde_json::from_str(&text(&results)).unwrap();
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
