//! Expectations: how often, when and in which order requests must come, and the message if they do not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use test_server::{Plan, TestServer};

use crate::support::{exchange, get};

mod order;
mod waiting;

const BR: &str = "/flags/br/br.gif";

fn server() -> TestServer {
    TestServer::start(Plan::normal()).unwrap()
}

fn request(server: &TestServer, line: &str) {
    let lines = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    exchange(server.addresses()[0], &lines);
}

/// Returns the message about what is not met.
fn unmet(server: &TestServer) -> String {
    server.unmet().unwrap_or_default()
}

/// Runs a function that panics and returns the message.
fn panic_message(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

#[test]
fn the_number_of_requests_must_be_in_the_range() {
    for (times, met) in [
        (3..=3, true),
        (0..=2, false),
        (4..=9, false),
        (1..=u64::MAX, true),
    ] {
        let server = server();
        server.expect(&format!("GET {BR}")).times(times.clone());
        for _ in 0..3 {
            get(&server, BR);
        }
        get(&server, "/flags/us/us.gif");
        assert_eq!(server.unmet().is_none(), met, "{times:?}");
        if !met {
            panic_message(|| drop(server));
        }
    }
}

#[test]
fn once_is_the_default_and_earlier_requests_do_not_count() {
    let server = server();
    server.expect("GET /other").times(..5);
    get(&server, BR);
    let once = server.expect("GET /flags/{cc}/{file}");
    assert_eq!(
        unmet(&server),
        "an expectation is not met:\nGET /flags/{cc}/{file}: expected 1 request, 0 came\n  no request has come\n"
    );
    get(&server, BR);
    once.verify();
    server.verify();
    server.reset();
    assert!(server.unmet().is_some(), "a reset forgets the requests");
    once.times(0);
    server.verify();
}

#[test]
fn a_dropped_server_panics_with_the_closest_requests() {
    let server = TestServer::builder()
        .plan("100:status=503")
        .unwrap()
        .start()
        .unwrap();
    let expectation = server.expect("POST /orders?page=2").when_header("x-a", "1");
    expectation.when_json(json!({"id": 5}));
    get(&server, "/nothing/alike/at/all");
    request(&server, "POST /orders?page=3");
    request(&server, "GET /orders?page=2");
    request(&server, "POST /order?page=2");
    let message = panic_message(|| drop(server));
    assert_eq!(
        message,
        "an expectation is not met:\n\
         POST /orders?page=2, header x-a: 1, body {\"id\":5}: expected 1 request, 0 came\n  \
         the closest:\n    \
         POST /orders?page=3 -> 503 (status): page in the query is '3', no header x-a, the body is empty\n    \
         GET /orders?page=2 -> 503 (status): another method, no header x-a, the body is empty\n    \
         POST /order?page=2 -> 503 (status): another path, no header x-a, the body is empty\n"
    );
}

#[test]
fn too_many_requests_are_shown_and_several_expectations_have_one_message() {
    let server = server();
    server.expect("* /a").times(1..=2);
    server.expect("GET /b").times(2..);
    for line in ["GET /a", "POST /a", "PUT /a", "DELETE /a"] {
        request(&server, line);
    }
    assert_eq!(
        panic_message(|| server.verify()),
        "2 expectations are not met:\n\
         * /a: expected 1 to 2 requests, 4 came\n  the last ones:\n    \
         DELETE /a -> 404\n    PUT /a -> 404\n    POST /a -> 404\n\
         GET /b: expected at least 2, 0 came\n  the closest:\n    \
         GET /a -> 404: another path\n    \
         POST /a -> 404: another path, another method\n    \
         PUT /a -> 404: another path, another method\n"
    );
    panic_message(|| drop(server));
}

#[test]
fn nothing_is_checked_while_the_thread_is_panicking() {
    // A second panic would abort the process.
    let message = panic_message(|| {
        let server = server();
        server.expect("GET /never");
        panic!("{}", "first");
    });
    assert_eq!(message, "first");
}

#[test]
fn attempts_that_meet_faults_and_answers_of_routes_count() {
    let server = TestServer::builder()
        .plan("100:seq(reset,503,ok)")
        .unwrap()
        .start()
        .unwrap();
    server.route("GET /a").body("at last");
    server.expect("GET /a").times(3);
    for _ in 0..3 {
        get(&server, "/a");
    }
    server.verify();
    let faults: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.faults)
        .collect();
    assert_eq!(
        faults,
        [vec!["seq", "reset"], vec!["seq", "status"], vec![]]
    );
}

#[test]
fn bodies_are_kept_whole_for_expectations() {
    use std::io::Write as _;

    let server = TestServer::builder().journal(1).start().unwrap();
    let body = "x".repeat(100_000);
    server.expect("POST /a").when_body(&body).times(2);
    for _ in 0..2 {
        let mut connection = std::net::TcpStream::connect(server.addresses()[0]).unwrap();
        write!(
            connection,
            "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{body}"
        )
        .unwrap();
        assert_eq!(crate::support::read(&mut connection, 1).status(), 404);
    }
    assert_eq!(
        server.requests().len(),
        2,
        "more than the journal would keep"
    );
}

#[test]
fn requests_that_are_refused_count_with_their_bodies() {
    use std::io::Write as _;

    let server = server();
    let never = server.expect("POST /flags/br/br.gif").times(0);
    let once = server
        .expect("* /flags/br/br.gif")
        .when_json(json!({"a": 1}));
    let mut connection = std::net::TcpStream::connect(server.addresses()[0]).unwrap();
    write!(
        connection,
        "POST {BR} HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{{\"a\":1}}"
    )
    .unwrap();
    assert_eq!(crate::support::read(&mut connection, 1).status(), 405);
    let message = panic_message(|| never.verify());
    assert!(
        message.contains("POST /flags/br/br.gif -> 405"),
        "{message}"
    );
    once.verify();
    never.times(1);
}

#[test]
fn numbers_in_json_are_compared_by_their_value() {
    use std::io::Write as _;

    let server = server();
    server.expect("POST /a").when_json(json!({"n": [5, 0.5]}));
    server
        .expect("POST /a")
        .when_json_includes(json!({"n": [5.0, 0.5]}));
    server
        .expect("POST /a")
        .when_json(json!({"n": [5, 0.6]}))
        .times(..1);
    let big = json!({"n": [9_007_199_254_740_993_u64, 0.5]});
    server.expect("POST /a").when_json(big).times(..1);
    let mut connection = std::net::TcpStream::connect(server.addresses()[0]).unwrap();
    let body = r#"{"n":[5.0,5e-1]}"#;
    let length = body.len();
    write!(
        connection,
        "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    assert_eq!(crate::support::read(&mut connection, 1).status(), 404);
    server.verify();
}

#[test]
fn times_are_of_any_integer_type() {
    let server = server();
    let codes = ["br", "us"];
    let expectation = server.expect("GET /flags/{cc}/{file}");
    for code in codes {
        get(&server, &format!("/flags/{code}/{code}.gif"));
    }
    let (n, small) = (codes.len(), 2_u32);
    for met in [
        expectation.times(n),
        expectation.times(n..),
        expectation.times(..=n),
        expectation.times(small),
        expectation.times(2_u64..3),
        expectation.times(1..=2),
    ] {
        met.verify();
    }
    let message = panic_message(|| drop(expectation.times(-1)));
    assert_eq!(message, "a request cannot come -1 times");
}
