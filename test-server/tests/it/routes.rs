//! Routes that a test defines: which requests they answer, and what a client gets.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::json;
use test_server::{Plan, Response, TestServer};

use crate::support::{self, ConnectionState, exchange, get, read};

fn server() -> TestServer {
    TestServer::start(Plan::normal()).unwrap()
}

/// Sends a request with a body and returns the response.
fn send(server: &TestServer, line: &str, headers: &str, body: &str) -> support::Response {
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    write!(connection, "{head}{body}").unwrap();
    read(&mut connection, usize::MAX)
}

fn post(server: &TestServer, path: &str, body: &str) -> support::Response {
    send(server, &format!("POST {path}"), "", body)
}

#[test]
fn a_route_answers_its_method_and_path_and_nothing_else() {
    let server = server();
    let route = server.route("POST /orders/{id}").status(201);
    let route = route
        .header("X-A", "1")
        .header("x-a", "2")
        .json(json!({"ok": true}));
    let response = post(&server, "/orders/5", "");
    assert_eq!(response.status(), 201);
    assert_eq!(response.body_text(), r#"{"ok":true}"#);
    assert_eq!(
        response.header("content-type").as_deref(),
        Some("application/json")
    );
    assert_eq!(response.text().matches("x-a: ").count(), 2);
    assert!(
        response
            .header("server")
            .unwrap()
            .starts_with("test-server/")
    );

    for (line, status) in [
        ("GET /orders/5", 404),
        ("POST /orders", 404),
        ("POST /orders/5/6", 404),
        ("POST /orders/5?x=y", 201),
    ] {
        assert_eq!(send(&server, line, "", "").status(), status, "{line}");
    }
    assert_eq!(route.answered(), 2);
    assert_eq!(server.stats().codes["POST /orders/5"].attempts, 2);
}

#[test]
fn header_query_and_body_select_among_routes_and_the_last_one_wins() {
    let server = server();
    server.route("POST /a").body("any");
    server
        .route("POST /a")
        .when_header("X-Kind", "new")
        .body("header");
    server.route("POST /a?page=2&q=a%20b").body("query");
    server
        .route("POST /a")
        .when_query("page", "3")
        .body("query again");
    server.route("POST /a").when_body("exactly").body("body");
    server
        .route("POST /a")
        .when_body_contains("needle")
        .body("part");
    server
        .route("POST /a")
        .when_json(json!({"a": 1, "b": [2]}))
        .body("json");
    server
        .route("POST /a")
        .when_json_includes(json!({"deep": {"x": 1}}))
        .body("json part");
    server
        .route("POST /a")
        .when(|request| request.text().len() == 7)
        .body("function");
    for (line, headers, body, expected) in [
        ("POST /a", "", "", "any"),
        ("POST /a", "x-kind: new\r\n", "", "header"),
        ("POST /a", "x-kind: old\r\n", "", "any"),
        ("POST /a?q=a+b&z=1&page=2", "", "", "query"),
        ("POST /a?page=2", "", "", "any"),
        ("POST /a?page=3", "", "", "query again"),
        ("POST /a", "", "exactly", "function"),
        ("POST /a", "", "with a needle in it", "part"),
        ("POST /a", "", r#"{ "b": [2], "a": 1 }"#, "json"),
        ("POST /a", "", r#"{"a":1,"b":[2],"c":3}"#, "any"),
        (
            "POST /a",
            "",
            r#"{"deep":{"x":1,"y":2},"c":3}"#,
            "json part",
        ),
        ("POST /a", "", r#"{"deep":{"x":2}}"#, "any"),
        ("POST /a", "", "{}{}{}{", "function"),
    ] {
        let response = send(&server, line, headers, body);
        assert_eq!(response.body_text(), expected, "{line} {headers} {body}");
    }
}

#[test]
fn a_function_makes_the_response_from_the_request() {
    let server = server();
    server.route("* /echo/{who}/{*rest}").with(|request| {
        let (who, rest) = (request.variable("who"), request.variable("rest"));
        let page = request.query_value("page");
        let from = request.header("X-From");
        let body: serde_json::Value = request.json().unwrap_or_default();
        json!({"method": request.method, "who": who, "rest": rest, "page": page, "from": from, "body": body})
    });
    server.route("GET /text").with(|_| "plain");
    server
        .route("GET /status")
        .with(|_| Response::new(299).header("server", "mine/1"));

    let response = send(
        &server,
        "PATCH /echo/a%20b/c/d?page=2",
        "x-from: me\r\n",
        "[1]",
    );
    let seen: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(
        seen,
        json!({"method": "PATCH", "who": "a b", "rest": "c/d", "page": "2", "from": "me", "body": [1]})
    );
    let text = get(&server, "/text");
    assert_eq!(
        text.header("content-type").as_deref(),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(text.body_text(), "plain");
    let response = get(&server, "/status");
    assert_eq!(
        (response.status(), response.header("server").as_deref()),
        (299, Some("mine/1"))
    );
}

#[test]
fn a_large_body_arrives_whole_at_the_function() {
    let server = server();
    server
        .route("POST /length")
        .with(|request| request.body.len().to_string());
    let body = "x".repeat(3 << 20);
    assert_eq!(
        post(&server, "/length", &body).body_text(),
        (3 << 20).to_string()
    );
}

#[test]
fn a_route_may_answer_only_its_first_requests() {
    let server = server();
    server.route("GET /a").body("at last");
    let first = server.route("GET /a").status(503).up_to(2);
    let statuses: Vec<u16> = (0..4).map(|_| get(&server, "/a").status()).collect();
    assert_eq!(statuses, [503, 503, 200, 200]);
    assert_eq!(first.answered(), 2);
}

#[test]
fn routes_come_before_flags_and_pages_but_not_before_control_paths() {
    let server = server();
    server.route("* /{*any}").body("routed");
    for path in [
        "/",
        "/flags",
        "/flags/br/br.gif",
        "/flags/br/us.gif",
        "/orders",
    ] {
        assert_eq!(get(&server, path).body_text(), "routed", "{path}");
    }
    assert_eq!(post(&server, "/flags/br/br.gif", "").body_text(), "routed");
    assert_eq!(get(&server, "/__health").body_text(), "ok\n");
    let stats = server.stats();
    assert_eq!(
        stats.codes["br"].attempts, 2,
        "a flag keeps its name in draws and counters"
    );
    assert_eq!(stats.codes["GET /"].attempts, 1);
}

#[test]
fn the_plan_applies_to_routes_by_method_and_path() {
    let server = TestServer::builder()
        .plan("25:status=503,25:close-body=3")
        .unwrap()
        .start()
        .unwrap();
    let route = server.route("GET /orders/{n}").body("0123456789");
    // The same draws as without a route: see `paths`.
    for (n, status) in [(4, 503), (11, 503), (13, 503), (16, 503), (0, 200)] {
        assert_eq!(
            get(&server, &format!("/orders/{n}")).status(),
            status,
            "{n}"
        );
    }
    let cut = (0..20).find_map(|n| {
        let response = get(&server, &format!("/orders/{n}"));
        (response.body() == b"012").then_some(response)
    });
    let cut = cut.expect("a quarter is cut");
    assert_eq!(cut.header("content-length").as_deref(), Some("10"));
    let met = server.stats().injected["status"];
    let requests = server.stats().requests;
    assert_eq!(
        route.answered(),
        requests - met,
        "faults that are an answer need no route"
    );

    let cuts = TestServer::builder()
        .plan("100:close-body=3")
        .unwrap()
        .start()
        .unwrap();
    cuts.route("POST /orders")
        .status(201)
        .header("location", "/orders/5")
        .body("0123456789");
    assert_eq!(
        post(&cuts, "/orders", "").text(),
        "HTTP/1.1 201 Created\r\ncontent-type: application/octet-stream\r\nlocation: /orders/5\r\ncontent-length: 10\r\n\r\n012"
    );
    for (fault, kept) in [("gif-cut=3", "012"), ("corrupt=1", "\u{cf}123456789")] {
        cuts.set_plan(format!("100:{fault}").parse().unwrap())
            .unwrap();
        let response = post(&cuts, "/orders", "");
        assert_eq!(response.status(), 201, "{fault}");
        assert_eq!(response.header("location").as_deref(), Some("/orders/5"));
        assert_eq!(response.body().len(), kept.chars().count(), "{fault}");
    }
    cuts.route("GET /none").status(204);
    assert_eq!(get(&cuts, "/none").status(), 204);
    cuts.route("GET /wrong").status(404).body("0123456789");
    assert_eq!(get(&cuts, "/wrong").body_text(), "0123456789");

    let resets = TestServer::builder()
        .plan("100:seq(reset,ok)")
        .unwrap()
        .start()
        .unwrap();
    resets.route("POST /orders").status(201);
    let first = post(&resets, "/orders", "{}");
    assert_eq!(first.connection, ConnectionState::Reset);
    assert_eq!(post(&resets, "/orders", "{}").status(), 201);
}

#[cfg(feature = "proxy")]
#[test]
fn routes_come_before_an_upstream_server_and_other_requests_reach_it_whole() {
    let upstream = server();
    upstream
        .route("POST /orders")
        .with(|request| request.text().into_owned());
    let url = format!("http://{}", upstream.addresses()[0]);
    let front = TestServer::builder()
        .upstream(url.parse().unwrap())
        .start()
        .unwrap();
    front.route("POST /orders").when_body("mine").body("routed");
    assert_eq!(post(&front, "/orders", "mine").body_text(), "routed");
    assert_eq!(post(&front, "/orders", "yours").body_text(), "yours");
    assert_eq!(upstream.stats().requests, 1);
}

#[test]
fn head_of_a_route_is_a_request_of_its_own() {
    let server = server();
    server.route("HEAD /a").body("0123456789");
    let lines = "HEAD /a HTTP/1.1\r\nhost: localhost\r\nconnection: close";
    let response = exchange(server.addresses()[0], lines);
    assert_eq!((response.status(), response.body().len()), (200, 0));
    assert_eq!(response.header("content-length").as_deref(), Some("10"));
    assert_eq!(get(&server, "/a").status(), 404);
}

#[test]
fn a_body_beyond_the_bound_is_413() {
    let server = server();
    server.route("POST /a");
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    let length = (64 << 20) + 1;
    write!(
        connection,
        "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    assert_eq!(read(&mut connection, 1).status(), 413);
}

#[test]
fn a_builder_adds_routes_that_are_there_from_the_start() {
    let builder = TestServer::builder()
        .route("GET /a", Response::new(201))
        .unwrap();
    let server = builder.start().unwrap();
    assert_eq!(get(&server, "/a").status(), 201);
    server.route("GET /a").status(202);
    assert_eq!(get(&server, "/a").status(), 202);
    let error = TestServer::builder()
        .route("GET /__a", Response::new(200))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("'GET /__a': the paths below /__"),
        "{error}"
    );
}

fn panic_message(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(run).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

#[test]
fn invalid_routes_panic_with_the_reason() {
    for (pattern, why) in [
        (
            "orders",
            "'orders' is not METHOD PATH, such as 'GET /orders/{id}' or '* /': there is no blank after the method",
        ),
        (
            "GET /__stats",
            "'GET /__stats': the paths below /__ are those that control the server",
        ),
    ] {
        assert_eq!(panic_message(|| drop(server().route(pattern))), why);
    }
    assert_eq!(
        panic_message(|| drop(Response::new(100))),
        "the status of a response is a number from 200 to 999, not 100"
    );
    assert_eq!(
        panic_message(|| drop(Response::new(200).header("a b", "c"))),
        "'a b: c' is not a valid header"
    );
    assert_eq!(
        panic_message(|| drop(Response::new(200).header("Content-Length", "5"))),
        "content-length follows from the body; faults such as length-short send a wrong one"
    );
}
