//! Expectations in order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{panic_message, request, server};
use crate::support::get;

#[test]
fn requests_in_order_must_come_after_those_of_earlier_expectations() {
    let check = |requests: &[&str]| -> Option<String> {
        let server = server();
        server.expect("POST /login").in_order();
        server.expect("GET /a").times(2).in_order();
        server.expect("GET /free/x");
        server.expect("GET /{page}").in_order();
        for line in requests {
            request(&server, line);
        }
        let message = server.unmet();
        if message.is_some() {
            panic_message(|| drop(server));
        }
        message
    };
    let right = [
        "GET /free/x",
        "POST /login",
        "GET /a",
        "DELETE /x",
        "GET /a",
        "GET /a",
    ];
    assert_eq!(check(&right), None, "the last GET /a is the page");

    let early = check(&[
        "GET /a",
        "POST /login",
        "GET /a",
        "GET /a",
        "GET /b",
        "GET /free/x",
    ]);
    let early = early.unwrap();
    assert!(
        early.contains("GET /a: expected 2 requests, 2 came\n  wrong order: one came before what is expected earlier: POST /login\n"),
        "{early}"
    );
    let again = check(&[
        "POST /login",
        "GET /a",
        "GET /a",
        "POST /login",
        "GET /b",
        "GET /free/x",
    ]);
    let again = again.unwrap();
    assert!(
        again.contains("POST /login: expected 1 request, 1 came\n  wrong order: one came again after what is expected later: GET /a\n"),
        "{again}"
    );
}

#[test]
fn an_order_is_found_if_there_is_one() {
    let met = |expected: &[(&str, u64, u64)], requests: &str| {
        let server = server();
        for (pattern, least, most) in expected {
            server
                .expect(&format!("GET {pattern}"))
                .times(*least..=*most)
                .in_order();
        }
        for page in requests.chars() {
            get(&server, &format!("/{page}"));
        }
        let unmet = server.unmet();
        server.reset();
        drop(catch_unwind(AssertUnwindSafe(|| drop(server))));
        unmet
    };
    // The first must leave one for the second.
    assert_eq!(met(&[("/a", 1, 9), ("/{x}", 1, 1)], "aa"), None);
    assert_eq!(
        met(&[("/{x}", 1, 2), ("/b", 1, 1), ("/c", 1, 1)], "abc"),
        None
    );
    assert_eq!(
        met(&[("/{x}", 0, 9), ("/a", 2, 2), ("/{y}", 0, 9)], "aab"),
        None
    );
    assert_eq!(met(&[("/a", 0, 1), ("/b", 0, 1), ("/a", 1, 2)], "aa"), None);
    for (requests, why) in [("ba", "wrong order"), ("a", "0 came"), ("bb", "0 came")] {
        let message = met(&[("/a", 1, 9), ("/b", 1, 1)], requests).unwrap();
        assert!(message.contains(why), "{requests}: {message}");
    }
    // One that is complete although the next one is not.
    let server = server();
    server.expect("GET /a").times(1..).in_order();
    let second = server.expect("GET /{x}").in_order();
    let third = server.expect("GET /c").in_order();
    for page in ["/a", "/a"] {
        get(&server, page);
    }
    second.verify();
    let message = panic_message(|| third.verify());
    assert!(
        message.contains("GET /c: expected 1 request, 0 came"),
        "{message}"
    );
    get(&server, "/c");
    server.verify();
}
