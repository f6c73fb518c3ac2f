//! Answers that come late, and faults of the first attempts only.

use std::time::{Duration, Instant};

use super::{BR, assert_response, server_with};
use crate::support::{ConnectionState, exchange, get, send_get, wait_until};

#[test]
fn waits_come_before_any_kind_of_answer() {
    let started = Instant::now();
    assert_response("delay=60ms+close-head=3", b"HTT", ConnectionState::Fin);
    assert!(started.elapsed() >= Duration::from_millis(60));

    let server = server_with("hold=2+status=503");
    let address = server.addresses()[0];
    let lines = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    let both = std::thread::scope(|scope| {
        let first = scope.spawn(|| exchange(address, &lines));
        wait_until("in flight", &server, |stats| stats.in_flight > 0);
        let second = exchange(address, &lines);
        (first.join().unwrap().status(), second.status())
    });
    assert_eq!(both, (503, 503));
}

#[test]
fn transient_limits_the_faults_to_the_first_attempts_per_code() {
    let server = server_with("close+transient=2");
    let statuses = |path: &str| -> Vec<bool> {
        (0..4)
            .map(|_| get(&server, path).bytes.starts_with(b"HTTP/1.1 200"))
            .collect()
    };
    for path in [BR, "/flags/us/us.gif"] {
        assert_eq!(statuses(path), [false, false, true, true]);
    }
    let br = &server.stats().codes["br"];
    assert_eq!((br.attempts, br.injected["close"]), (4, 2));
    server.reset();
    assert_eq!(statuses(BR), [false, false, true, true]);
}

#[test]
fn a_fault_is_counted_when_it_starts() {
    for fault in ["delay=1h", "hold=99"] {
        let server = server_with(fault);
        let _client = send_get(&server, BR);
        let name = fault.split('=').next().unwrap();
        wait_until(fault, &server, |stats| stats.injected.get(name) == Some(&1));
    }
}
