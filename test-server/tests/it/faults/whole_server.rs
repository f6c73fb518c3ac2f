//! Faults of all connections of a server.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use test_server::Response;

use super::{BR, flag, server_with};
use crate::support::{ConnectionState, exchange, read, read_some, send_get, wait_until};

#[test]
fn stale_connections_are_closed_without_notice_after_their_last_response() {
    let flag = flag();
    for (fault, late) in [
        ("stale=3", Duration::ZERO),
        ("stale=3@60ms", Duration::from_millis(60)),
    ] {
        let server = server_with(fault);
        let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
        for nth in 1..=3 {
            let request = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            connection.write_all(request.as_bytes()).unwrap();
            let answer_length = 17 + flag.len();
            let started = Instant::now();
            let mut response = read(&mut connection, answer_length);
            if nth == 3 && response.connection == ConnectionState::Open {
                response.connection = read(&mut connection, usize::MAX).connection;
            }
            assert!(
                response.text().starts_with("HTTP/1.1 200 OK\r\n")
                    && response.header("connection").is_none()
            );
            let expected = if nth < 3 {
                ConnectionState::Open
            } else {
                ConnectionState::Fin
            };
            assert_eq!(response.connection, expected, "{fault}, response {nth}");
            assert!(nth < 3 || started.elapsed() >= late, "{fault}");
        }
    }
}

#[test]
fn pipelined_requests_on_a_stale_connection_get_no_answer() {
    let server = server_with("stale=2");
    let five = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(5);
    let response = exchange(server.addresses()[0], five.trim_end());
    assert_eq!(response.text().matches("HTTP/1.1 200 OK").count(), 2);
    assert_ne!(response.connection, ConnectionState::Open);
    assert!(server.stats().injected["stale"] >= 1);
}

#[test]
fn stale_counts_every_response_except_those_of_control_paths() {
    let server = server_with("stale=3");
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    for (path, state) in [
        ("/", ConnectionState::Open),
        ("/__stats", ConnectionState::Open),
        ("/__health", ConnectionState::Open),
        (BR, ConnectionState::Open),
        ("/nowhere", ConnectionState::Fin),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut response = read(&mut connection, 17);
        if state == ConnectionState::Fin && response.connection == ConnectionState::Open {
            response.connection = read(&mut connection, usize::MAX).connection;
        }
        assert!(response.text().starts_with("HTTP/1.1 "), "{path}");
        assert_eq!(response.connection, state, "{path}");
    }

    let server = server_with("stale=2");
    let pages = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(5);
    let response = exchange(server.addresses()[0], pages.trim_end());
    assert_eq!(response.text().matches("HTTP/1.1 200 OK").count(), 2);
}

#[test]
fn stale_connections_are_closed_only_after_the_response_to_a_whole_request() {
    let long = "x".repeat(200_000);
    let announced = format!(
        "POST /orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        long.len()
    );
    let chunked = "POST /orders HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    for fault in ["stale=1", "stale=1@60ms"] {
        for (head, body) in [(announced.as_str(), &long), (chunked, &chunks)] {
            let server = server_with(fault);
            let route = server.route("POST /orders");
            route.with(|request| Response::new(200).body(request.body.len().to_string()));
            let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
            connection.write_all(head.as_bytes()).unwrap();
            wait_until("the head is read", &server, |stats| stats.in_flight > 0);
            connection.write_all(body.as_bytes()).unwrap();
            let response = read(&mut connection, usize::MAX);
            assert_eq!(response.body_text(), "200000", "{fault}");
            assert_eq!(response.connection, ConnectionState::Fin, "{fault}");
        }
    }
}

#[test]
fn control_paths_take_bodies_from_stale_connections() {
    let server = server_with("stale=1");
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    for plan in ["100:stale=1", "100:stale=2"] {
        let head = format!(
            "PUT /__plan HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            plan.len()
        );
        connection.write_all(head.as_bytes()).unwrap();
        let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        assert_eq!(read_some(&mut connection, go_on.len()).text(), go_on);
        connection.write_all(plan.as_bytes()).unwrap();
        let response = read(&mut connection, 17);
        assert_eq!(response.body_text(), format!("{plan}\n"));
        assert_eq!(response.connection, ConnectionState::Open);
    }
}

#[test]
fn a_stale_connection_ends_when_its_client_leaves() {
    let server = server_with("stale=1@1h");
    let mut connection = send_get(&server, BR);
    let response = read(&mut connection, 1);
    assert_eq!(
        (response.status(), response.connection),
        (200, ConnectionState::Open)
    );
    connection.shutdown(std::net::Shutdown::Write).unwrap();
    // Closing our side must end the connection at once, not an hour later.
    assert_eq!(
        read(&mut connection, usize::MAX).connection,
        ConnectionState::Fin
    );
}

#[cfg(target_os = "linux")]
#[test]
fn connecting_to_a_full_backlog_times_out() {
    let server = server_with("backlog-full");
    let connected = TcpStream::connect_timeout(&server.addresses()[0], Duration::from_millis(200));
    assert_eq!(connected.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    server.stop();
}
