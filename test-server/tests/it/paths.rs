//! Paths other than those of flags: the plan applies to them by method and path.

use std::io::Write as _;
use std::net::TcpStream;

use test_server::{Plan, TestServer};

use crate::support::{ConnectionState, exchange, get, read};

fn server_with(plan: &str) -> TestServer {
    TestServer::builder().plan(plan).unwrap().start().unwrap()
}

fn status(server: &TestServer, method: &str, path: &str) -> u16 {
    let lines = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    exchange(server.addresses()[0], &lines).status()
}

/// Returns which of 200 orders fail for this method.
fn failing(server: &TestServer, method: &str) -> Vec<usize> {
    let fails = |n: &usize| status(server, method, &format!("/orders/{n}")) == 503;
    (0..200).filter(fails).collect()
}

#[test]
fn a_method_and_a_path_always_meet_the_same_fault() {
    let plan = "25:status=503";
    let server = server_with(plan);
    let by_get = failing(&server, "GET");
    // These draws are published: changing them would invalidate every recorded run.
    assert_eq!((by_get.len(), &by_get[..4]), (50, &[4, 11, 13, 16][..]));
    assert_eq!(failing(&server, "GET"), by_get);
    let by_post = failing(&server, "POST");
    assert_ne!(by_post, by_get);
    let other_server = server_with(plan);
    assert_eq!(failing(&other_server, "POST"), by_post);
    let stats = server.stats();
    let order = &stats.codes[&format!("GET /orders/{}", by_get[0])];
    assert_eq!(
        (stats.requests, order.attempts, order.injected["status"]),
        (600, 2, 2)
    );
}

#[test]
fn paths_meet_the_faults_that_need_no_flag_and_are_otherwise_404() {
    for (plan, expected) in [
        ("", 404),
        ("100:status=503", 503),
        ("100:drip", 404),
        ("100:html", 200),
    ] {
        assert_eq!(
            status(&server_with(plan), "DELETE", "/orders/5"),
            expected,
            "{plan}"
        );
    }
    let reset = exchange(
        server_with("100:reset").addresses()[0],
        "PUT /a HTTP/1.1\r\nhost: x",
    );
    assert_eq!(reset.connection, ConnectionState::Reset);
    let looping = get(&server_with("100:redirect-loop"), "/orders?page=2");
    assert_eq!(
        looping.header("location").as_deref(),
        Some("/orders?page=2")
    );
    let own = get(&server_with(""), "/orders?__plan=100:status=418");
    assert_eq!(own.status(), 418);
}

#[test]
fn plan_and_hop_in_a_query_belong_to_the_request_unless_it_is_for_a_flag() {
    let server = server_with("100:redirect");
    server.route("GET /orders?plan=gold").body("gold");
    let first = get(&server, "/orders?plan=gold&hop=1&x=a+b");
    let location = first.header("location").unwrap();
    assert_eq!(location, "/orders?plan=gold&hop=1&x=a+b&__hop=1");
    assert_eq!(get(&server, &location).body_text(), "gold");

    let own = "/orders?a=1&plan=gold&__plan=100:redirect=2+delay=1ms";
    assert_eq!(
        get(&server, own).header("location").as_deref(),
        Some("/orders?a=1&plan=gold&__hop=1&__plan=100:redirect=2+delay=1ms")
    );
    for words in ["plan=100:status=418", "__plan=100:status=418"] {
        let flag = get(&server_with(""), &format!("/flags/br/br.gif?{words}"));
        assert_eq!(flag.status(), 418, "{words}");
    }
}

#[test]
fn pages_control_paths_and_paths_beside_those_of_flags_are_exempt() {
    let server = server_with("100:status=503");
    for (path, expected) in [
        ("/", 200),
        ("/__health", 200),
        ("/__nothing", 404),
        ("/flags/br/us.gif", 404),
        ("/flags/a/b/c", 404),
    ] {
        assert_eq!(status(&server, "GET", path), expected, "{path}");
    }
    assert_eq!(status(&server, "POST", "/flags/br/br.gif"), 405);
    assert_eq!(server.stats().requests, 0);
}

#[test]
fn the_query_is_drawn_only_on_request_and_without_the_words_of_the_server() {
    let path = "/orders?page=1&plan=gold&__plan=&__hop=1";
    let keys = |server: &TestServer| -> Vec<String> {
        status(server, "GET", path);
        server.stats().codes.into_keys().collect()
    };
    assert_eq!(keys(&server_with("")), ["GET /orders"]);
    let by_query = TestServer::builder().draw_by_query().start().unwrap();
    assert_eq!(keys(&by_query), ["GET /orders?page=1&plan=gold"]);
}

#[test]
fn a_connection_can_be_used_again_after_a_request_with_a_body() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    for _ in 0..2 {
        let body = vec![b'x'; 1 << 20];
        write!(
            connection,
            "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .unwrap();
        connection.write_all(&body).unwrap();
        let response = read(&mut connection, 1);
        assert_eq!(
            (response.status(), response.connection),
            (404, ConnectionState::Open)
        );
    }
}
