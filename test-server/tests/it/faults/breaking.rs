//! Connections that hang, are reset or are closed.

use super::{assert_response, flag, head, head_for};
use crate::support::ConnectionState;

#[test]
fn connections_hang_reset_or_close_before_the_head() {
    assert_response("hang", b"", ConnectionState::Open);
    assert_response("reset", b"", ConnectionState::Reset);
    assert_response("close", b"", ConnectionState::Fin);
    assert_response("refuse", b"", ConnectionState::Fin);
}

#[test]
fn connections_hang_reset_or_close_inside_the_head() {
    let head = head_for(&flag());
    for (name, connection) in [
        ("hang-head", ConnectionState::Open),
        ("reset-head", ConnectionState::Reset),
        ("close-head", ConnectionState::Fin),
    ] {
        assert_response(name, &head[..20], connection);
        assert_response(&format!("{name}=1"), &head[..1], connection);
        // The last byte is always missing.
        assert_response(&format!("{name}=5000"), &head[..head.len() - 1], connection);
    }
}

#[test]
fn connections_hang_reset_or_close_inside_the_body() {
    let flag = flag();
    let after = |bytes: usize| [head_for(&flag), flag[..bytes].to_vec()].concat();
    for (name, connection) in [
        ("hang-body", ConnectionState::Open),
        ("reset-body", ConnectionState::Reset),
        ("close-body", ConnectionState::Fin),
        ("truncate", ConnectionState::Fin),
    ] {
        assert_response(name, after(200), connection);
        assert_response(&format!("{name}=17"), after(17), connection);
        assert_response(
            &format!("{name}=99999999"),
            after(flag.len() - 1),
            connection,
        );
    }
}

#[test]
fn bodies_are_cut_in_other_framings_as_well() {
    let flag = flag();
    let chunked = [
        head("transfer-encoding: chunked\r\n"),
        format!("{:x}\r\n", flag.len()).into_bytes(),
    ]
    .concat();
    assert_response(
        "truncate-chunked=50",
        [&chunked[..], &flag[..50]].concat(),
        ConnectionState::Fin,
    );
    assert_response(
        "truncate-unframed=50",
        [&head("connection: close\r\n")[..], &flag[..50]].concat(),
        ConnectionState::Fin,
    );
    let bad = [
        head("transfer-encoding: chunked\r\n"),
        b"zz\r\n".to_vec(),
        flag,
    ]
    .concat();
    assert_response("bad-chunk", bad, ConnectionState::Fin);
}
