//! Ranges and conditions of requests for flags, as HTTP demands.

use test_server::{Plan, TestServer};

use crate::support::{Response, exchange};

const BR: &str = "/flags/br/br.gif";

/// Sends a request for the flag of Brazil with these headers, each with its line end.
fn request(server: &TestServer, method: &str, headers: &str) -> Response {
    let lines = format!("{method} {BR} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close");
    exchange(server.addresses()[0], &lines)
}

fn get(server: &TestServer, headers: &str) -> Response {
    request(server, "GET", headers)
}

#[test]
fn a_flag_has_an_etag_of_its_own_that_stays() {
    let start = || TestServer::start(Plan::normal()).unwrap();
    let (one, other) = (start(), start());
    let whole = get(&one, "");
    assert_eq!(whole.header("accept-ranges").as_deref(), Some("bytes"));
    let etag = whole.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    assert_eq!(get(&other, "").header("etag"), Some(etag.clone()));
    let us = crate::support::get(&one, "/flags/us/us.gif").header("etag");
    assert!(us.is_some() && us != Some(etag));
}

#[test]
fn a_range_is_answered_with_that_part() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let whole = get(&server, "");
    let (body, length) = (whole.body(), whole.body().len());
    for (range, from, to) in [
        ("0-0".to_owned(), 0, 1),
        ("100-199".to_owned(), 100, 200),
        ("100-".to_owned(), 100, length),
        ("-50".to_owned(), length - 50, length),
        (format!("100-{length}"), 100, length),
        (format!("-{}", length + 1), 0, length),
    ] {
        let part = get(&server, &format!("range: bytes={range}\r\n"));
        assert_eq!(
            (part.status(), part.body()),
            (206, &body[from..to]),
            "{range}"
        );
        let of_range = format!("bytes {from}-{}/{length}", to - 1);
        assert_eq!(part.header("content-range"), Some(of_range));
        assert_eq!(part.header("content-length"), Some((to - from).to_string()));
        for name in ["etag", "content-type"] {
            assert_eq!(part.header(name), whole.header(name), "{name}");
        }
    }
    let behind = get(&server, &format!("range: bytes={length}-\r\n"));
    assert_eq!(behind.status(), 416);
    assert_eq!(
        behind.header("content-range"),
        Some(format!("bytes */{length}"))
    );
    assert_eq!(behind.body().len(), 0);
}

#[test]
fn what_is_no_single_range_is_answered_with_the_whole_flag() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for headers in [
        "range: bytes=0-1,5-9\r\n",
        "range: bytes=9-1\r\n",
        "range: lines=0-1\r\n",
    ] {
        assert_eq!(
            get(&server, headers).bytes.len(),
            get(&server, "").bytes.len(),
            "{headers}"
        );
    }
    let head = request(&server, "HEAD", "range: bytes=0-1\r\n");
    assert_eq!((head.status(), head.header("content-range")), (200, None));
}

#[test]
fn conditions_compare_the_etag() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let etag = get(&server, "").header("etag").unwrap();
    let range = "range: bytes=0-9\r\n";
    for (headers, status) in [
        (format!("if-none-match: {etag}\r\n"), 304),
        (format!("if-none-match: \"a\", W/{etag}\r\n"), 304),
        ("if-none-match: *\r\n".to_owned(), 304),
        ("if-none-match: \"a\"\r\n".to_owned(), 200),
        (format!("if-match: {etag}\r\n"), 200),
        ("if-match: *\r\n".to_owned(), 200),
        ("if-match: \"a\"\r\n".to_owned(), 412),
        (format!("{range}if-range: {etag}\r\n"), 206),
        (format!("{range}if-range: \"a\"\r\n"), 200),
        (format!("{range}if-range: W/{etag}\r\n"), 200),
        (
            format!("{range}if-range: Tue, 01 Dec 2026 00:00:00 GMT\r\n"),
            200,
        ),
        (format!("if-range: {etag}\r\n"), 200),
        (format!("{range}if-none-match: {etag}\r\n"), 304),
    ] {
        assert_eq!(get(&server, &headers).status(), status, "{headers}");
    }
    let unchanged = get(&server, "if-none-match: *\r\n");
    assert_eq!(
        (unchanged.header("etag"), unchanged.body().len()),
        (Some(etag), 0)
    );
}
