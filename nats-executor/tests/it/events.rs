//! What a worker reports, and how.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use nats_executor::{WorkerEvent, WorkerOptions, run_worker};
use tokio_util::sync::CancellationToken;

use crate::support::{Server, connect, options};
use crate::tasks::{Noop, registry};

/// Runs a worker in this process. `report` is called with its events, while `meanwhile` runs.
fn with_worker(
    server: &Server,
    report: impl Fn(&WorkerEvent) + Send + Sync + 'static,
    meanwhile: impl FnOnce(),
) {
    let stop = CancellationToken::new();
    let worker_options = WorkerOptions::new()
        .connection(options())
        .threads(1)
        .stop(stop.clone())
        .on_event(report);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| run_worker(&server.url(), registry(), worker_options));
        meanwhile();
        stop.cancel();
        assert_eq!(worker.join().unwrap().unwrap().done, 1);
    });
}

#[test]
fn events_come_in_order_and_all_before_the_worker_has_ended() {
    let server = Server::start();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&seen);
    let executor = connect(&server);
    with_worker(
        &server,
        move |event| events.lock().unwrap().push(event.to_string()),
        || assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42)),
    );
    let seen = seen.lock().unwrap();
    let ready = "takes tasks of the pool 'default' from nats://127.0.0.1:";
    assert!(seen[0].starts_with(ready), "{seen:?}");
    assert_eq!(seen[1..], ["stopping"]);
}

#[test]
fn a_function_for_events_that_never_returns_holds_up_no_task() {
    let server = Server::start();
    let executor = connect(&server);
    let (blocked, is_blocked) = mpsc::channel();
    with_worker(
        &server,
        move |_| {
            blocked.send(()).unwrap();
            loop {
                std::thread::park();
            }
        },
        || {
            is_blocked.recv().unwrap();
            assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
        },
    );
}
