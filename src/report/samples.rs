//! Made-up reports for the tests of the formats.

use crate::report::{RecordReport, Report, RunReport};
use crate::strategy::Strategy;

/// Returns the record of a flag that waited `start_ms` for its turn and then took 103 ms.
pub(crate) fn record(code: &str, start_ms: f64) -> RecordReport {
    serde_json::from_value(serde_json::json!({
        "code": code, "status": "ok", "attempts": 1, "http_status": 200, "bytes": 100, "start_ms": start_ms,
        "queue_ms": start_ms, "earlier_ms": 0.0, "first_byte_ms": 100.0, "body_ms": 2.0, "save_ms": 1.0
    }))
    .unwrap()
}

/// Returns a run that downloads this many flags over this many connections.
pub(crate) fn run(strategy: Strategy, connections: usize, flags: usize) -> RunReport {
    let code = |i: usize| {
        format!(
            "{}{}",
            char::from(b'A' + (i / 26) as u8),
            char::from(b'A' + (i % 26) as u8)
        )
    };
    let turn = |i: usize| (i / connections) as f64 * 103.0;
    let records: Vec<_> = (0..flags).map(|i| record(&code(i), turn(i))).collect();
    serde_json::from_value(serde_json::json!({
        "strategy": strategy, "started": "2026-11-20T12:00:00.000Z", "records": records,
        "settings": {
            "server": "DELAY", "url": "http://localhost:8002/flags", "embedded": true, "connections": connections,
            "timeout_ms": 30000.0, "connect_timeout_ms": 5000.0, "size_limit": 1048576, "retries": 0,
            "skip_existing": false, "dest": "downloads"
        },
        "totals": {
            "asked": flags, "ok": flags, "already_there": 0, "not_found": 0, "error": 0, "not_attempted": 0,
            "bytes": 100 * flags, "elapsed_ms": flags.div_ceil(connections) as f64 * 103.0
        }
    }))
    .unwrap()
}

/// Returns a report of two runs: all flags one after another, and all at once.
pub(crate) fn report(flags: usize) -> Report {
    Report::new(vec![
        run(Strategy::Sequential, 1, flags),
        run(Strategy::Semaphore, flags, flags),
    ])
}
