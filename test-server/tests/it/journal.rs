//! The journal: the last requests as the client sent them.

use std::io::Write as _;
use std::net::TcpStream;

use test_server::{Plan, TestServer};

use crate::support::{exchange, get, read, send_get, wait_until};

#[test]
fn the_journal_has_the_requests_with_their_bodies_and_the_faults_met() {
    let builder = TestServer::builder().journal(10);
    let server = builder
        .plan("100:delay=1ms+seq(503,ok)")
        .unwrap()
        .start()
        .unwrap();
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    for _ in 0..2 {
        let body = "x".repeat(100_000);
        write!(connection, "POST /orders?page=2 HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nx-a: 2\r\ncontent-length: 100000\r\n\r\n{body}").unwrap();
        read(&mut connection, 1);
    }
    get(&server, "/__health");
    get(&server, "/flags/br/br.gif");

    let requests = server.requests();
    assert_eq!(requests.len(), 3, "control paths are not recorded");
    let first = &requests[0];
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/orders?page=2")
    );
    assert_eq!(
        (first.header("x-a"), first.header("X-A")),
        (Some("1"), None)
    );
    let all: Vec<_> = first
        .headers
        .iter()
        .filter(|(name, _)| name == "x-a")
        .collect();
    assert_eq!(all.len(), 2);
    assert_eq!((first.body.len(), first.body_length), (64 << 10, 100_000));
    let met = |n: usize| (requests[n].faults.clone(), requests[n].status);
    assert_eq!(met(0), (vec!["delay", "seq", "status"], Some(503)));
    assert_eq!(met(1), (vec!["delay"], Some(404)));
    assert_eq!(met(2), (vec!["delay", "seq", "status"], Some(503)));
    assert_eq!(requests[0].connection, requests[1].connection);
    assert!(requests[2].connection > requests[1].connection);
    assert!(requests[0].time <= requests[1].time);
}

#[test]
fn the_journal_keeps_the_last_requests_until_a_reset() {
    let server = TestServer::builder().journal(3).start().unwrap();
    for n in 0..5 {
        get(&server, &format!("/orders/{n}"));
    }
    let paths = |server: &TestServer| -> Vec<String> {
        let requests = server.requests().into_iter();
        requests.map(|request| request.path).collect()
    };
    assert_eq!(paths(&server), ["/orders/2", "/orders/3", "/orders/4"]);
    server.reset();
    assert!(paths(&server).is_empty());
}

#[test]
fn the_control_path_returns_the_requests_selected_by_method_and_path() {
    let server = TestServer::builder().journal(9).start().unwrap();
    let address = server.addresses()[0];
    for method in ["PUT", "GET"] {
        exchange(
            address,
            &format!("{method} /a%20b?c HTTP/1.1\r\nhost: localhost\r\nconnection: close"),
        );
    }
    get(&server, "/b");
    let to = |pattern: &str| server.requests_to(pattern).len();
    assert_eq!(
        ["GET /{any}", "* /a%20b", "* /a%20b?c", "GET /b?c"].map(to),
        [2, 2, 2, 0]
    );
    let methods = |query: &str| -> Vec<String> {
        let response = get(&server, &format!("/__requests{query}"));
        let requests: Vec<serde_json::Value> = serde_json::from_slice(response.body()).unwrap();
        let method = |request: &serde_json::Value| request["method"].as_str().unwrap().to_owned();
        requests.iter().map(method).collect()
    };
    assert_eq!(methods(""), ["PUT", "GET", "GET"]);
    assert_eq!(methods("?method=PUT"), ["PUT"]);
    assert_eq!(methods("?path=/a%2520b?c&method=GET"), ["GET"]);
    assert_eq!(methods("?path=/nothing"), [""; 0]);
    assert_eq!(methods("?path=/{a}&method=GET"), ["GET", "GET"]);
    assert_eq!(methods("?path=/{a}/{b}"), [""; 0]);
    for wrong in ["host=x", "status=many", "connection=x"] {
        assert_eq!(get(&server, &format!("/__requests?{wrong}")).status(), 400);
    }

    let response = get(&server, "/__requests?path=/b");
    let requests: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    let request = &requests[0];
    assert!(
        request["time"].as_str().unwrap().ends_with('Z'),
        "{request}"
    );
    assert_eq!(
        (&request["headers"][0], &request["body"]),
        (
            &serde_json::json!(["host", "localhost"]),
            &serde_json::json!("")
        )
    );
    assert_eq!(
        (
            request["status"].as_u64(),
            request["connection"].as_u64().is_some()
        ),
        (Some(404), true)
    );

    let without = TestServer::start(Plan::normal()).unwrap();
    let refused = get(&without, "/__requests");
    assert_eq!(refused.status(), 404);
    assert!(
        refused.body_text().contains("--journal"),
        "{}",
        refused.text()
    );
    assert!(without.requests().is_empty());
}

#[test]
fn the_control_path_selects_by_status_fault_and_connection() {
    let builder = TestServer::builder().journal(9);
    let server = builder
        .plan("100:seq(503,reset,ok)")
        .unwrap()
        .start()
        .unwrap();
    for _ in 0..3 {
        get(&server, "/flags/br/br.gif");
    }
    let statuses = |query: &str| -> Vec<Option<u64>> {
        let response = get(&server, &format!("/__requests?{query}"));
        let requests: Vec<serde_json::Value> = serde_json::from_slice(response.body()).unwrap();
        requests.iter().map(|r| r["status"].as_u64()).collect()
    };
    assert_eq!(statuses("status=503"), [Some(503)]);
    assert_eq!(statuses("fault=reset"), [None]);
    assert_eq!(statuses("fault=seq"), [Some(503), None]);
    assert_eq!(statuses("connection=3"), [Some(200)]);
    assert_eq!(statuses("connection=3&status=503"), []);
}

#[test]
fn filters_that_select_nothing_are_refused_with_the_reason() {
    let server = TestServer::builder().journal(9).start().unwrap();
    let path = "is not a path, such as /orders/5, or one with variables, such as /orders/{id}";
    for (query, message) in [
        ("fault=nosuch", "unknown fault 'nosuch'".to_owned()),
        (
            "fault=rset",
            "unknown fault 'rset'; did you mean 'reset'?".to_owned(),
        ),
        ("fault=", "unknown fault ''".to_owned()),
        (
            "path=anything",
            format!("'anything' {path}: the path must begin with /"),
        ),
        ("path=", format!("'' {path}: the path must begin with /")),
        (
            "path=/a/%7Bx",
            format!("'/a/{{x' {path}: a variable is a whole segment, such as {{id}} or {{*rest}}"),
        ),
        (
            "status=0",
            "'0' is not a status, a number from 100 to 999".to_owned(),
        ),
        (
            "method=",
            "'' is not a method, such as POST, in capitals".to_owned(),
        ),
        (
            "method=post",
            "'post' is not a method, such as POST, in capitals".to_owned(),
        ),
        (
            "connection=0",
            "'0' is not the number of a connection, counted from 1".to_owned(),
        ),
    ] {
        let response = get(&server, &format!("/__requests?{query}"));
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(response.body_text(), format!("{message}\n"));
    }
    for query in ["method=M-SEARCH", "path=/a?b=c", "fault=drip", "status=101"] {
        assert_eq!(
            get(&server, &format!("/__requests?{query}")).status(),
            200,
            "{query}"
        );
    }
}

#[test]
fn requests_in_progress_are_recorded_without_a_status() {
    let server = TestServer::builder().journal(9).plan("100:hang").unwrap();
    let server = server.start().unwrap();
    let _hanging = send_get(&server, "/orders");
    wait_until("the request hangs", &server, |stats| stats.in_flight == 1);
    let response = get(&server, "/__requests");
    let requests: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(requests[0]["path"], "/orders");
    assert_eq!(requests[0]["status"], serde_json::Value::Null);
}

#[cfg(feature = "proxy")]
#[test]
fn forwarded_requests_are_recorded_with_their_bodies() {
    let upstream = TestServer::start(Plan::normal()).unwrap();
    let url = format!("http://{}", upstream.addresses()[0]);
    let builder = TestServer::builder().journal(1);
    let server = builder.upstream(url.parse().unwrap()).start().unwrap();
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    connection
        .write_all(b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello")
        .unwrap();
    assert_eq!(read(&mut connection, 1).status(), 404);
    let request = &server.requests()[0];
    assert_eq!(
        (request.body.as_slice(), request.status),
        (&b"hello"[..], Some(404))
    );
}

#[test]
fn requests_that_are_refused_and_pages_are_recorded_as_well() {
    let server = TestServer::builder().journal(20).start().unwrap();
    let foreign = "host: evil.example";
    for (line, host) in [
        ("POST /flags/br/br.gif", "host: x"),
        ("GET /flags/br/us.gif", "host: x"),
        ("GET /flags/a/b/c", "host: x"),
        ("GET /flags/%ff/x", "host: x"),
        ("GET /flags/br/br.gif?plan=wrong", "host: localhost"),
        ("GET /flags/br/br.gif?plan=", foreign),
        ("GET /orders?__plan=100:stale=1", "host: localhost"),
        ("OPTIONS /flags/br/br.gif", "host: x"),
        ("GET /", "host: x"),
        ("DELETE /", "host: x"),
        ("GET /__nothing", "host: x"),
        ("GET /__stats", foreign),
        ("GET /__page/plan", "host: localhost"),
    ] {
        let lines = format!("{line} HTTP/1.1\r\n{host}\r\nconnection: close\r\ncontent-length: 0");
        exchange(server.addresses()[0], &lines);
    }
    let requests = server.requests();
    let recorded = requests.iter().map(|request| {
        let status = request.status.unwrap();
        format!("{} {} {status}", request.method, request.path)
    });
    assert_eq!(
        recorded.collect::<Vec<_>>(),
        [
            "POST /flags/br/br.gif 405",
            "GET /flags/br/us.gif 404",
            "GET /flags/a/b/c 404",
            "GET /flags/%ff/x 404",
            "GET /flags/br/br.gif?plan=wrong 400",
            "GET /flags/br/br.gif?plan= 403",
            "GET /orders?__plan=100:stale=1 400",
            "OPTIONS /flags/br/br.gif 405",
            "GET / 200",
            "DELETE / 405",
        ]
    );
    assert_eq!(server.stats().requests, 0, "they are not counted");
}
