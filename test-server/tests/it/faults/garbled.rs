//! Bytes that are not HTTP, malformed HTTP, and heads that are too long.

use std::time::{Duration, Instant};

use super::{assert_response, flag, head, last_head_for, response_to_end, start_of_response};
use crate::support::ConnectionState;

#[test]
fn garbled_answers_are_exact_to_the_byte() {
    let flag = flag();
    assert_response(
        "tls-alert",
        b"\x15\x03\x03\x00\x02\x02\x28",
        ConnectionState::Fin,
    );
    assert_response(
        "ssh-banner",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        ConnectionState::Fin,
    );
    assert_response("http09", &flag, ConnectionState::Fin);
    assert_response(
        "bad-status-line",
        b"HTTP/1.1 abc \x1b[31mred\r\n\r\n",
        ConnectionState::Fin,
    );
    let bad_header = head(&format!(
        "x-\0bad: yes\r\ncontent-length: {}\r\n",
        flag.len()
    ));
    assert_response(
        "bad-header",
        [bad_header, flag].concat(),
        ConnectionState::Fin,
    );
    let garbage = response_to_end("garbage");
    assert!(!garbage.bytes.is_empty() && !garbage.bytes.starts_with(b"HTTP"));
    assert_eq!(garbage.connection, ConnectionState::Fin);
}

#[test]
fn heads_are_long_or_endless() {
    let flag = flag();
    for (fault, count) in [("many-headers", 101), ("many-headers=3", 3)] {
        let many: String = (0..count).map(|n| format!("x-{n}: {n}\r\n")).collect();
        let length = flag.len();
        let head = head(&format!(
            "{many}content-length: {length}\r\nconnection: close\r\n"
        ));
        assert_response(fault, [head, flag.clone()].concat(), ConnectionState::Fin);
    }
    let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n".to_vec();
    assert_response(
        "early-hints",
        [hints, last_head_for(&flag), flag].concat(),
        ConnectionState::Fin,
    );

    let headers = start_of_response("endless-headers", 2000);
    assert!(
        headers
            .text()
            .starts_with("HTTP/1.1 200 OK\r\nx-and-another: one\r\nx-and-another: one\r\n")
    );
    assert!(!headers.text().contains("\r\n\r\n") && headers.bytes.len() >= 2000);
    let interim = start_of_response("endless-1xx", 2000);
    assert!(
        interim
            .text()
            .starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
    );
}

#[test]
fn endless_heads_come_at_their_rate() {
    for fault in ["endless-headers", "endless-1xx"] {
        let started = Instant::now();
        start_of_response(&format!("{fault}=5000"), 1017);
        // The status line of `endless-headers` comes at once.
        assert!(started.elapsed() >= Duration::from_millis(200), "{fault}");
        // At the slow rate, this would take longer than the test waits for a byte.
        assert!(start_of_response(fault, 1 << 20).bytes.len() >= 1 << 20);
    }
}
