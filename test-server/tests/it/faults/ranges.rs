//! Wrong answers to clients that continue a download.

use test_server::TestServer;

use super::{BR, flag, server_with};
use crate::support::{Response, exchange};

/// Requests BR with these headers, each with its line end.
fn get(server: &TestServer, headers: &str) -> Response {
    let lines = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close");
    exchange(server.addresses()[0], &lines)
}

#[test]
fn a_range_is_ignored() {
    let server = server_with("range-ignored");
    let response = get(&server, "range: bytes=100-199\r\n");
    assert_eq!((response.status(), response.body()), (200, &flag()[..]));
    assert_eq!(server.stats().injected["range-ignored"], 1);
}

#[test]
fn a_wrong_range_is_sent_under_its_own_name() {
    let (server, flag) = (server_with("range-wrong"), flag());
    let length = flag.len();
    let last = length - 1;
    for (range, from, to) in [
        ("100-199".to_owned(), 101, 201),
        ("0-".to_owned(), 1, length),
        (format!("{last}-"), last - 1, last),
    ] {
        let response = get(&server, &format!("range: bytes={range}\r\n"));
        assert_eq!(
            (response.status(), response.body()),
            (206, &flag[from..to]),
            "{range}"
        );
        let of_range = format!("bytes {from}-{}/{length}", to - 1);
        assert_eq!(response.header("content-range"), Some(of_range));
    }
    assert_eq!(get(&server, "").body(), flag);
    assert_eq!(
        get(&server, &format!("range: bytes={length}-\r\n")).status(),
        416
    );
}

#[test]
fn etags_change_with_each_attempt_and_begin_anew_after_a_reset() {
    let server = server_with("etag-changes");
    let etag = || get(&server, "").header("etag").unwrap();
    let both = (etag(), etag());
    assert_ne!(both.0, both.1);
    let condition = format!("range: bytes=0-9\r\nif-range: {}\r\n", both.1);
    assert_eq!(
        get(&server, &condition).status(),
        200,
        "the flag has changed"
    );
    assert_eq!(get(&server, "range: bytes=0-9\r\n").status(), 206);
    assert_eq!(get(&server, "range: bytes=0-9\r\n").body(), &flag()[..10]);
    server.reset();
    assert_eq!((etag(), etag()), both);
}

#[test]
fn a_condition_is_said_to_hold_although_the_etag_is_another_one() {
    let server = server_with("if-range-lies");
    let etag = get(&server, "").header("etag").unwrap();
    let condition = format!("range: bytes=10-\r\nif-range: {etag}\r\n");
    let response = get(&server, &condition);
    assert_eq!((response.status(), response.body()), (206, &flag()[10..]));
    assert_ne!(response.header("etag"), Some(etag));
}
