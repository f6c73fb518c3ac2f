//! Statuses, and well-formed answers without the exact flag.

use super::{flag, response};
use crate::support::ConnectionState;

#[test]
fn statuses_carry_retry_after_and_reason() {
    let busy = response("status=503+retry-after=2s+reason=\"Too busy, really\"");
    assert!(
        busy.text().starts_with("HTTP/1.1 503 Too busy, really\r\n"),
        "{}",
        busy.text()
    );
    assert_eq!(busy.header("retry-after").as_deref(), Some("2"));
    assert_eq!(
        busy.connection,
        ConnectionState::Open,
        "an ordinary response keeps its connection"
    );

    let dated = response("status=429+retry-after=date(100s)")
        .header("retry-after")
        .unwrap();
    assert!(dated.ends_with(" gmt") && dated.len() == 29, "{dated}");
    assert_eq!(response("status=200").status(), 200);
    let unknown = response("status=999");
    assert!(
        unknown.text().starts_with("HTTP/1.1 999 \r\n"),
        "{}",
        unknown.text()
    );
    assert_eq!(unknown.body(), b"999\n");
    let named = response("status=999+reason=mine");
    assert!(
        named.text().starts_with("HTTP/1.1 999 mine\r\n"),
        "{}",
        named.text()
    );
}

#[test]
fn answers_without_the_exact_flag_are_well_formed() {
    let flag = flag();
    let empty = response("empty");
    assert_eq!(
        (
            empty.status(),
            empty.header("content-length").as_deref(),
            empty.body()
        ),
        (200, Some("0"), &b""[..])
    );
    assert_eq!(
        (
            response("no-content").status(),
            response("not-modified").status()
        ),
        (204, 304)
    );
    let partial = response("partial");
    assert_eq!(
        (partial.status(), partial.body()),
        (206, &flag[..flag.len() / 2])
    );
    let range = format!("bytes 0-{}/{}", flag.len() / 2 - 1, flag.len());
    assert_eq!(partial.header("content-range"), Some(range));

    let page = response("html");
    assert_eq!(
        (page.status(), page.header("content-type").as_deref()),
        (200, Some("text/html"))
    );
    assert!(page.body().starts_with(b"<!doctype html>"));
    assert_eq!(response("gif-cut").body(), &flag[..200]);
    assert_eq!(
        response("gif-cut=9").header("content-length").as_deref(),
        Some("9")
    );
    let trailing = response("gif-trailing");
    assert!(trailing.body().starts_with(&flag) && trailing.body().len() > flag.len());
}
