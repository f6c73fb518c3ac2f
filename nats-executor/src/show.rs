//! A status as a table, as JSON and for Prometheus.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use nats_executor::PoolStatus;

/// Returns the lines of a terminal. `rate` is the number of tasks per second that ended since the last status, if known.
pub(crate) fn table(status: &PoolStatus, rate: Option<f64>) -> String {
    let mut text = format!(
        "pool {}: {} queued, {} in flight ({} of them again), {} finished",
        status.pool, status.queued, status.in_flight, status.redelivered, status.finished
    );
    if let Some(rate) = rate {
        let _ = write!(text, ", {rate:.0} a second");
    }
    text.push('\n');
    if status.workers.is_empty() {
        text.push_str("no worker answers\n");
        return text;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "worker", "threads", "running", "waiting", "done", "failed", "busy", "up",
    ]);
    for worker in &status.workers {
        let possible = worker.up_ms.saturating_mul(worker.threads as u64).max(1);
        table.add_row([
            printable(&worker.name),
            worker.threads.to_string(),
            worker.running.to_string(),
            worker.waiting.to_string(),
            worker.done.to_string(),
            worker.failed.to_string(),
            format!("{} %", worker.busy_ms.saturating_mul(100) / possible),
            format!("{} s", worker.up_ms / 1000),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let _ = writeln!(text, "{table}");
    text
}

/// Returns the name of a worker without what could move the cursor: another program may have sent it.
fn printable(name: &str) -> String {
    name.escape_debug().to_string()
}

/// Returns one line of JSON.
pub(crate) fn json(status: &PoolStatus) -> String {
    let json = serde_json::to_string(status);
    format!("{}\n", json.expect("numbers and texts can be encoded"))
}

/// Returns the text format of Prometheus.
pub(crate) fn prometheus(status: &PoolStatus) -> String {
    let mut text = String::new();
    let pool = format!("pool=\"{}\"", status.pool);
    let sum = |f: fn(&nats_executor::WorkerState) -> u64| status.workers.iter().map(f).sum();
    let metrics: [(&str, &str, &str, u64); 9] = [
        (
            "queued_tasks",
            "gauge",
            "Tasks that no worker has.",
            status.queued,
        ),
        (
            "in_flight_tasks",
            "gauge",
            "Tasks that workers have.",
            status.in_flight,
        ),
        (
            "redelivered_tasks",
            "gauge",
            "Tasks in flight that were delivered before.",
            status.redelivered,
        ),
        ("queue_bytes", "gauge", "Size of the queue.", status.bytes),
        (
            "finished_tasks_total",
            "counter",
            "Tasks that have left the queue.",
            status.finished,
        ),
        (
            "workers",
            "gauge",
            "Workers that answer.",
            status.workers.len() as u64,
        ),
        (
            "worker_threads",
            "gauge",
            "Tasks that these workers can run at a time.",
            sum(|w| w.threads as u64),
        ),
        (
            "worker_done_tasks",
            "gauge",
            "Tasks that these workers have ended.",
            sum(|w| w.done),
        ),
        (
            "worker_failed_tasks",
            "gauge",
            "Those of them that failed.",
            sum(|w| w.failed),
        ),
    ];
    for (name, kind, help, value) in metrics {
        let _ = writeln!(text, "# HELP nats_executor_{name} {help}");
        let _ = writeln!(text, "# TYPE nats_executor_{name} {kind}");
        let _ = writeln!(text, "nats_executor_{name}{{{pool}}} {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> PoolStatus {
        let worker = r#"{"name": "host:1\u001b[2J", "threads": 2, "running": 1, "waiting": 0, "done": 10,
            "failed": 1, "busy_ms": 500, "up_ms": 1000, "tasks": ["x (version 1)"]}"#;
        let worker: nats_executor::WorkerState = serde_json::from_str(worker).unwrap();
        PoolStatus::new("demo").with_workers(vec![worker])
    }

    #[test]
    fn a_table_has_a_line_for_each_worker() {
        let table = table(&status(), Some(12.4));
        let mut lines = table.lines();
        assert_eq!(
            lines.next(),
            Some("pool demo: 0 queued, 0 in flight (0 of them again), 0 finished, 12 a second")
        );
        assert_eq!(lines.count(), 2);
        assert!(table.contains("25 %") && !table.contains('\x1b'), "{table}");
    }

    #[test]
    fn metrics_have_a_type_a_pool_and_a_number() {
        let text = prometheus(&status());
        assert!(text.contains("# TYPE nats_executor_worker_done_tasks gauge\n"));
        assert!(text.contains("nats_executor_worker_done_tasks{pool=\"demo\"} 10\n"));
    }
}
