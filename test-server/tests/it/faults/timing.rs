//! Answers that come late, and faults of the first attempts only.

use std::time::{Duration, Instant};

use test_server::{Plan, TestServer};

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
fn the_body_of_a_request_is_read_at_the_rate() {
    let server = server_with("read-slowly=100000+status=503");
    let post = |body: &str| {
        let length = body.len();
        let head = "POST /orders HTTP/1.1\r\nhost: localhost\r\nconnection: close";
        let request = format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        // The end of the lines that `exchange` adds is behind the body.
        exchange(server.addresses()[0], &request)
    };
    let started = Instant::now();
    assert_eq!(post(&"x".repeat(20_000)).status(), 503);
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(post("").status(), 503);
    let injected = &server.stats().codes["POST /orders"].injected;
    assert_eq!((injected["read-slowly"], injected["status"]), (2, 2));
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

#[test]
fn attempts_begin_anew_when_a_plan_is_set_and_plans_in_queries_count_on_their_own() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let status = |path: &str| get(&server, path).status();
    assert_eq!([status(BR), status(BR)], [200, 200]);
    for plan in ["100:status=503+transient=2", "100:status=502+transient=1"] {
        server.set_plan(plan.parse().unwrap()).unwrap();
        assert!(
            status(BR) >= 502,
            "{plan}: the requests before it do not count"
        );
    }
    assert_eq!(status(BR), 200);

    let queries = ["418", "419"].map(|status| format!("{BR}?plan=100:status={status}+transient=1"));
    server
        .set_plan("100:status=503+transient=1".parse().unwrap())
        .unwrap();
    let statuses = queries
        .each_ref()
        .map(|query| [status(query), status(query)]);
    assert_eq!(statuses, [[418, 200], [419, 200]]);
    assert_eq!(
        [status(BR), status(BR)],
        [503, 200],
        "requests with a plan of their own do not count"
    );
    server.reset();
    assert_eq!([status(&queries[0]), status(BR)], [418, 503]);
}
