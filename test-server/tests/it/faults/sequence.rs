//! Sequences: other faults, one step per attempt.

use super::{BR, server_with};
use crate::support::{ConnectionState, get};

/// Returns the status of a response, or how its connection ended without one.
fn end_of(server: &test_server::TestServer, path: &str) -> String {
    let response = get(server, path);
    match response.connection {
        ConnectionState::Fin if !response.bytes.is_empty() => response.status().to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_attempt_meets_its_step_and_later_ones_the_last() {
    let server = server_with("seq(503,reset,429+retry-after=7,ok)");
    let ends = |path: &str| [(); 6].map(|()| end_of(&server, path));
    for path in [BR, "/flags/us/us.gif"] {
        assert_eq!(ends(path), ["503", "Reset", "429", "200", "200", "200"]);
    }
    // A path without a flag has its own attempts.
    assert_eq!(ends("/orders")[..4], ["503", "Reset", "429", "404"]);
    let br = &server.stats().codes["br"];
    assert_eq!((br.attempts, br.injected["seq"]), (6, 3));
    assert_eq!((br.injected["status"], br.injected["reset"]), (2, 1));

    let last = server_with("delay=1ms+seq(ok,404)");
    let statuses = [(); 4].map(|()| end_of(&last, BR));
    assert_eq!(statuses, ["200", "404", "404", "404"]);
    let br = &last.stats().codes["br"];
    assert_eq!((br.injected["delay"], br.injected["seq"]), (4, 3));
}

#[test]
fn a_sequence_begins_anew_with_its_plan_and_after_a_reset() {
    let server = server_with("seq(503,ok)");
    let both = || [end_of(&server, BR), end_of(&server, BR)];
    assert_eq!(both(), ["503", "200"]);
    server.set_plan("100:seq(502,ok)".parse().unwrap()).unwrap();
    assert_eq!(both(), ["502", "200"]);
    server.reset();
    assert_eq!(both(), ["502", "200"]);
}
