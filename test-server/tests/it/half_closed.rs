//! Clients that shut down their sending side and wait for the response, as `nc -N` does.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};

use test_server::TestServer;

use crate::support::{Response, read, send_get, wait_until};

const BR: &str = "/flags/br/br.gif";

fn server_with(plan: &str) -> TestServer {
    TestServer::builder().plan(plan).unwrap().start().unwrap()
}

/// Sends these lines, shuts down the sending side and returns the response.
fn exchange_half_closed(server: &TestServer, lines: &str) -> Response {
    let mut client = TcpStream::connect(server.addresses()[0]).unwrap();
    // In one piece, so that the end of the stream arrives as early as possible.
    client.write_all(lines.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    read(&mut client, usize::MAX)
}

#[test]
fn half_closed_clients_are_answered_as_the_plan_says_every_time() {
    for (plan, times, status) in [
        ("", 1000, 200),
        ("100:delay=20ms", 20, 200),
        ("100:status=503+delay=1ms", 100, 503),
        ("100:drip=100us", 3, 200),
        ("100:slow-head=1ms", 3, 200),
        ("100:early-hints", 100, 103),
    ] {
        let server = server_with(plan);
        let whole = exchange_half_closed(
            &server,
            &format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        );
        assert_eq!(whole.status(), status, "{plan}");
        let length = |response: &Response| response.bytes.len();
        for n in 1..times {
            let again = exchange_half_closed(
                &server,
                &format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            );
            assert_eq!(
                length(&again),
                length(&whole),
                "{plan}: response {n}: {}",
                again.text()
            );
        }
    }
}

#[test]
fn large_bodies_and_bodies_of_requests_are_complete_on_half_closed_connections() {
    let server = server_with("100:huge=20000000");
    let huge = exchange_half_closed(
        &server,
        &format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    );
    assert_eq!(huge.body().len(), 20_000_000);

    let put = |length: usize| {
        let lines = format!(
            "PUT /__plan HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n100:hang"
        );
        exchange_half_closed(&server, &lines)
    };
    for _ in 0..300 {
        assert_eq!(put(8).status(), 200);
        // The rest of this body can never arrive.
        assert!(!put(9).text().starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn pipelined_requests_with_bodies_are_all_answered_after_the_end_of_the_stream() {
    let server = server_with("100:status=503");
    for bytes in [1, 100_000] {
        let one = format!(
            "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: {bytes}\r\n\r\n{}",
            "x".repeat(bytes)
        );
        for _ in 0..100 {
            let responses = exchange_half_closed(&server, &one.repeat(3));
            assert_eq!(
                responses.text().matches("HTTP/1.1 503").count(),
                3,
                "{bytes} bytes"
            );
        }
    }
}

#[test]
fn pipelined_requests_are_all_answered_after_the_end_of_the_stream() {
    let server = server_with("100:delay=5ms");
    let five = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(5);
    let responses = exchange_half_closed(&server, &five);
    assert_eq!(responses.text().matches("HTTP/1.1 200 OK").count(), 5);
}

#[test]
fn a_half_closed_request_ends_when_its_client_leaves() {
    for plan in ["100:delay=1h", "100:hang", "100:hold=2"] {
        let server = server_with(plan);
        let client = send_get(&server, BR);
        client.shutdown(Shutdown::Write).unwrap();
        wait_until(plan, &server, |stats| stats.in_flight == 1);
        drop(client);
        wait_until(plan, &server, |stats| stats.in_flight == 0);
    }
}
