//! Answers in small pieces.

use std::time::{Duration, Instant};

use super::{BR, assert_response, flag, last_head_for, server_with};
use crate::support::{ConnectionState, send_get};

#[test]
fn slow_flags_are_complete() {
    let flag = flag();
    let whole = [last_head_for(&flag), flag.clone()].concat();
    for (fault, at_least) in [
        (
            "slow-head=1ms".to_owned(),
            Duration::from_millis(last_head_for(&flag).len() as u64 - 1),
        ),
        (
            "drip=1ms".to_owned(),
            Duration::from_millis(flag.len() as u64 - 1),
        ),
        (
            format!("bandwidth={}", flag.len() * 4),
            Duration::from_millis(250),
        ),
        // Less than a fiftieth of a second's bytes, which are one piece.
        (
            format!("bandwidth={}", flag.len() * 100),
            Duration::from_millis(10),
        ),
    ] {
        let started = Instant::now();
        assert_response(&fault, &whole, ConnectionState::Fin);
        assert!(
            started.elapsed() >= at_least,
            "{fault}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn sequential_requests_are_never_counted_as_two_in_flight() {
    // A request ends with the last byte of its response, even if the server does not close the connection yet.
    let flag = flag();
    for fault in [
        "drip=1ms",
        "bandwidth=50000",
        "slow-head=1ms",
        "early-hints",
        "many-headers",
    ] {
        let server = server_with(fault);
        // The connections stay open, so that the server does not see the clients leave.
        let mut connections = Vec::new();
        for _ in 0..2 {
            let mut connection = send_get(&server, BR);
            let mut answer = Vec::new();
            while !answer.ends_with(&flag) {
                let mut piece = [0; 4096];
                let count = std::io::Read::read(&mut connection, &mut piece).unwrap();
                assert_ne!(count, 0, "{fault}");
                answer.extend_from_slice(&piece[..count]);
            }
            connections.push(connection);
        }
        assert_eq!(server.stats().peak_in_flight, 1, "{fault}");
    }
}
