//! Faults of all connections of a server.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{BR, flag, server_with};
use crate::support::{ConnectionState, exchange, read, send_get};

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
            std::io::Write::write_all(&mut connection, request.as_bytes()).unwrap();
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
fn stale_counts_every_response_not_only_flags() {
    let server = server_with("stale=4");
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    for (path, state) in [
        ("/", ConnectionState::Open),
        ("/__stats", ConnectionState::Open),
        (BR, ConnectionState::Open),
        ("/nowhere", ConnectionState::Fin),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        std::io::Write::write_all(&mut connection, request.as_bytes()).unwrap();
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
