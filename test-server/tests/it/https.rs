//! What names the scheme of a server, over TLS: URLs in responses, headers of forwarded requests and the check of the
//! origin.

use std::io::{Read as _, Write as _};

use test_server::{Builder, TestServer};

use crate::support::tls::connect;

fn start(builder: Builder) -> TestServer {
    builder.tls().start().unwrap()
}

/// Sends a GET with these lines of its head, each with its line end, and returns the response as text.
fn get(server: &TestServer, path: &str, lines: &str) -> String {
    let mut stream = connect(server).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn the_url_without_a_path_is_https() {
    let server = start(TestServer::builder());
    let base = format!("https://localhost:{}", server.port());
    assert_eq!(
        (server.url(), server.base_url()),
        (format!("{base}/flags"), base)
    );
}

#[test]
fn only_pages_of_the_same_scheme_may_control_a_server() {
    let server = start(TestServer::builder());
    for (origin, status) in [("https://localhost", 200), ("http://localhost", 403)] {
        let lines = format!("host: localhost\r\norigin: {origin}\r\n");
        let response = get(&server, "/__stats", &lines);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{origin}: {response}"
        );
    }
}

#[test]
fn routes_are_answered_under_the_plan() {
    let server = start(TestServer::builder().plan("100:close-body=2").unwrap());
    server.route("GET /orders/{id}").status(201).body("five");
    let response = get(&server, "/orders/5", "host: localhost\r\n");
    assert!(response.starts_with("HTTP/1.1 201 "), "{response}");
    assert!(response.ends_with("\r\n\r\nfi"), "{response}");
}

#[cfg(feature = "httpbin")]
#[test]
fn the_urls_of_httpbin_are_https() {
    let server = start(TestServer::builder().httpbin());
    let text = get(&server, "/get?a=b", "host: shop:1\r\n");
    for part in [
        r#""url":"https://shop:1/get?a=b""#,
        r#""origin":"127.0.0.1""#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let redirect = get(&server, "/absolute-redirect/1", "host: shop:1\r\n");
    assert!(
        redirect.contains("\r\nlocation: https://shop:1/get\r\n"),
        "{redirect}"
    );
}

#[cfg(feature = "proxy")]
#[test]
fn an_upstream_server_learns_that_the_client_came_over_https() {
    let upstream = TestServer::builder().journal(1).start().unwrap();
    let url = format!("http://{}", upstream.addresses()[0]);
    let forwarding = url.parse::<test_server::Upstream>().unwrap();
    let server = start(TestServer::builder().upstream(forwarding.with_x_forwarded()));
    get(&server, "/flags/br/br.gif", "host: shop\r\n");
    let request = upstream.requests().remove(0);
    let seen = ["for", "host", "proto"].map(|name| request.header(&format!("x-forwarded-{name}")));
    assert_eq!(seen, [Some("127.0.0.1"), Some("shop"), Some("https")]);
}
