//! Passwords are in no text: no error, no `Debug`, no event, no status.

use std::fmt::Debug;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nats_executor::{NatsExecutor, PoolMonitor, WorkerOptions, run_worker};
use tokio_util::sync::CancellationToken;

use crate::support::{Server, options, wait_until};
use crate::tasks::{Noop, registry};

/// The parts of a password with a comma and an at sign, which is `first,second@third`.
const PARTS: [&str; 3] = ["first", "second", "third"];
const ENCODED: &str = "first%2Csecond%40third";

#[track_caller]
fn assert_safe(text: &str) {
    assert!(!PARTS.iter().any(|part| text.contains(part)), "{text}");
}

#[track_caller]
fn assert_both_safe(value: &(impl Debug + ToString)) {
    assert_safe(&value.to_string());
    assert_safe(&format!("{value:?}"));
}

fn server() -> (Server, String) {
    let server = Server::with("authorization { user: worker, password: \"first,second@third\" }");
    let url = format!("nats://worker:{ENCODED}@127.0.0.1:{}", server.port());
    (server, url)
}

#[test]
fn errors_of_connections_show_no_password() {
    let (server, _) = server();
    let port = server.port();
    for url in [
        // No server, a wrong password, and URLs that cannot be read.
        format!("nats://worker:{ENCODED}@127.0.0.1:1"),
        format!("nats://127.0.0.1:1,nats://worker:{ENCODED}@127.0.0.1:1"),
        format!("nats://worker:wrong-{ENCODED}@127.0.0.1:{port}"),
        format!("nats://{ENCODED}@127.0.0.1:{port}"),
        format!("nats://worker:first,second@127.0.0.1:{port}"),
        format!("nats://worker:first@second,third@127.0.0.1:{port}"),
        format!("http://worker:{ENCODED}@127.0.0.1:{port}"),
        format!("nats://worker:{ENCODED}@127.0.0.1:port"),
        format!("worker:{ENCODED}@"),
    ] {
        let error = NatsExecutor::connect(&url, options()).unwrap_err();
        assert_both_safe(&error);
        let error = PoolMonitor::connect(&url, &options()).unwrap_err();
        assert_both_safe(&error);
        let output = Command::new(env!("CARGO_BIN_EXE_nats-executor"))
            .args(["status", &url])
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert_safe(&String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_is_connected_shows_no_password() {
    let (mut server, url) = server();
    let options = options().unreachable_after(Duration::from_millis(500));
    let executor = NatsExecutor::connect(&url, options.clone()).unwrap();
    assert_safe(&format!("{executor:?} {options:?}"));
    let monitor = PoolMonitor::connect(&url, &options).unwrap();
    assert_safe(&format!("{monitor:?}"));

    let (events, stop) = (
        Arc::new(Mutex::new(String::new())),
        CancellationToken::new(),
    );
    let (seen, token) = (Arc::clone(&events), stop.clone());
    let worker_options = WorkerOptions::new()
        .connection(options.clone())
        .threads(1)
        .stop(token)
        .on_event(move |event| *seen.lock().unwrap() += &format!("{event} {event:?}\n"));
    assert_safe(&format!("{worker_options:?}"));
    let worker = std::thread::spawn({
        let url = url.clone();
        move || run_worker(&url, registry(), worker_options).unwrap()
    });
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
    for format in [&[][..], &["--json"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_nats-executor"))
            .args(["status", &url])
            .args(format)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_safe(&String::from_utf8_lossy(&output.stdout));
    }
    server.kill();
    let mut refused = None;
    wait_until("tasks are refused", || {
        refused = executor.submit(Noop(1)).err();
        refused.is_some()
    });
    let refused = refused.unwrap();
    assert_both_safe(&refused);
    assert!(
        refused.to_string().contains("nats://127.0.0.1"),
        "{refused}"
    );
    stop.cancel();
    worker.join().unwrap();
    let events = events.lock().unwrap();
    assert!(events.contains("nats://127.0.0.1"), "{events}");
    assert_safe(&events);
}
