//! Bytes that are not HTTP, malformed HTTP, and heads that are too long.

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
        let response = response_to_end(fault);
        assert_eq!(response.text().matches("\r\nx-").count(), count);
        assert_eq!(
            (response.body(), response.connection),
            (&flag[..], ConnectionState::Fin)
        );
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
