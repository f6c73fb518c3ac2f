//! Answers that are not flags: each leads to one error with a kind and the innermost cause, and changes nothing on
//! disk. Also checks which connections are reused.

use std::fs;
use std::time::Duration;

use crate::support::raw::{RawServer, kept_ok, ok};
use crate::support::{self, Work, codes, flag_of_brazil, served};
use flags::country::Selection;
use flags::download::check_gif;
use flags::job::RequestLimits;
use flags::record::{Outcome, Status};
use flags::strategy::Strategy;
use test_server::{Plan, TestServer};

/// Downloads BR from this server in every strategy. Returns the outcome as text, and asserts that it is the same in all
/// strategies and that an older flag is untouched.
fn message(server: &RawServer) -> String {
    message_within(&server.url(), support::WATCHDOG)
}

fn message_within(url: &str, timeout: Duration) -> String {
    let messages = Strategy::ALL.map(|strategy| {
        let work = Work::with_timeout(url, codes(&["br"]), timeout);
        fs::write(work.dest.path().join("br.gif"), "an older flag").unwrap();
        let record = work.run(strategy, 1).remove(0);
        assert_eq!(work.listing(), ["br.gif"], "no other file");
        let on_disk = fs::read(work.dest.path().join("br.gif")).unwrap();
        assert_eq!(on_disk, b"an older flag", "the older flag is untouched");
        match record.outcome {
            Outcome::Failed(failure) => failure.to_string(),
            other => format!("{other:?}"),
        }
    });
    assert!(
        messages.iter().all(|message| *message == messages[0]),
        "{messages:?}"
    );
    messages[0].clone()
}

#[test]
fn a_200_without_a_complete_gif_is_an_error() {
    let flag = flag_of_brazil();
    let with_trailer = [&flag[..], b"<!-- -->"].concat();
    for (body, expected) in [
        (&b""[..], "empty: the body is empty".to_owned()),
        (
            b"<!doctype html><p>Please log in</p>",
            "not_gif: the body begins with \"<!doctype html><p>Please\"".to_owned(),
        ),
        (
            b"\x1b[2J\x1b]0;owned\x07",
            "not_gif: the body begins with \"\\u{1b}[2J\\u{1b}]0;owned\\u{7}\"".to_owned(),
        ),
        (
            &flag[..200],
            "gif_cut: the GIF ends after 200 bytes, without its trailer".to_owned(),
        ),
        (
            &with_trailer,
            "gif_trailing: 8 bytes after the end of the GIF".to_owned(),
        ),
    ] {
        assert_eq!(message(&RawServer::answering(ok(body))), expected);
    }
}

#[test]
fn an_incomplete_or_malformed_answer_is_an_error_that_names_the_cause() {
    let flag = flag_of_brazil();
    let announced = ok(&flag);
    for (answer, kind) in [
        (
            &b""[..],
            "closed_early: connection closed before message completed",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-le",
            "closed_early: connection closed before message completed",
        ),
        (
            &announced[..announced.len() - 100],
            "truncated: end of file before message length reached",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "bad_body: Invalid chunk size line: missing size digit",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "bad_response: invalid HTTP version parsed",
        ),
        (
            b"HTTP/1.1 abc \x1b[31m\r\n\r\n",
            "bad_response: invalid HTTP status-code parsed",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
            "bad_response: invalid content-length parsed",
        ),
    ] {
        assert_eq!(
            message(&RawServer::answering(answer)),
            kind,
            "{}",
            answer.escape_ascii()
        );
    }
}

const TIMED_OUT: &str = "timeout: no complete answer within 200ms";

#[test]
fn a_stalling_or_dripping_server_fails_at_the_time_limit() {
    let timeout = Duration::from_millis(200);
    for answer in [
        &b""[..],
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nGIF89a",
    ] {
        let server = RawServer::stalling_after(answer);
        assert_eq!(message_within(&server.url(), timeout), TIMED_OUT);
    }
    // Each byte arrives long before the limit, but the body does not end in time.
    let server = support::server("100:drip");
    assert_eq!(message_within(&server.url(), timeout), TIMED_OUT);
}

#[test]
fn a_404_is_not_found_even_if_its_body_never_ends() {
    let server =
        RawServer::stalling_after("HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\nno");
    assert_eq!(message(&server), "NotFound");
}

#[test]
fn a_body_over_the_size_limit_is_not_read_to_its_end() {
    let size_limit = RequestLimits::default().size;
    let expected = format!("too_big: more than {size_limit} bytes");
    let absurd = RawServer::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n");
    assert_eq!(message(&absurd), expected);
    // Without a length, the client counts the bytes. If it read to the end, it would time out: the server stalls there.
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(endless.len() + size_limit as usize + 1, b'x');
    assert_eq!(message(&RawServer::stalling_after(endless)), expected);
}

#[test]
fn redirects_are_followed_and_the_flag_is_saved_under_the_requested_code() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let to = |path: &str| {
        let target = format!("{}/{path}", server.url());
        RawServer::answering(format!(
            "HTTP/1.1 302 Found\r\nlocation: {target}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        ))
    };
    let redirecting = to("us/us.gif");
    let work = Work::new(&redirecting.url(), codes(&["br"]));
    let records = work.run(Strategy::Semaphore, 1);
    assert_eq!(
        records[0].outcome,
        Outcome::Saved(work.dest.path().join("br.gif"))
    );
    assert_eq!(
        fs::read(work.dest.path().join("br.gif")).unwrap(),
        served(&server, codes(&["us"])[0])
    );

    assert_eq!(message(&to("xx/xx.gif")), "NotFound");
    let without_location = RawServer::answering(
        "HTTP/1.1 302 Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(message(&without_location), "HTTP error 302 - Found");
}

#[test]
fn a_redirect_loop_ends_after_ten_redirects() {
    let server = RawServer::answering(
        "HTTP/1.1 302 Found\r\nlocation: /flags/br/br.gif\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(message(&server), "redirect: too many redirects");
    assert_eq!(
        server.connections(),
        3 * 11,
        "each strategy follows ten redirects"
    );
}

#[test]
fn the_connection_of_a_missing_flag_is_reused() {
    let server = TestServer::start(Plan::normal()).unwrap();
    for strategy in Strategy::ALL {
        let before = server.stats().connections;
        let work = Work::new(&server.url(), codes(&["x", "q"]));
        let missing = work
            .run(strategy, 1)
            .iter()
            .filter(|r| r.status() == Status::NotFound)
            .count();
        assert_eq!(
            (missing, server.stats().connections - before),
            (51, 1),
            "{strategy}"
        );
    }
}

#[test]
fn an_unwanted_body_is_read_so_that_its_connection_can_be_reused() {
    for status in ["404 Not Found", "503 Service Unavailable"] {
        for strategy in Strategy::ALL {
            let server = RawServer::answering_in_two_parts(status);
            let codes = codes(&["c"]);
            let without_reuse = codes.len();
            Work::new(&server.url(), codes).run(strategy, 1);
            // On a busy machine, reading a body may exceed its time limit, which costs its connection, but not each time.
            let connections = server.connections();
            assert!(
                connections < without_reuse,
                "{status}, {strategy}: {connections}"
            );
        }
    }
}

#[test]
fn a_redirect_to_the_default_port_does_not_use_the_port_of_the_base_url() {
    if std::net::TcpStream::connect(("127.0.0.1", 80)).is_ok() {
        return support::skip("another program serves port 80 of this machine");
    }
    let head = "HTTP/1.1 302 Found\r\nlocation: http://localhost/flags/br/br.gif\r\n";
    let server = RawServer::answering(format!(
        "{head}connection: close\r\ncontent-length: 0\r\n\r\n"
    ));
    let base = format!("http://localhost:{}/flags", server.port());
    let record = Work::new(&base, codes(&["br"]))
        .run(Strategy::Semaphore, 1)
        .remove(0);
    let Outcome::Failed(failure) = record.outcome else {
        panic!("{record:?}")
    };
    assert!(
        failure.to_string().starts_with("connect_refused: "),
        "{failure}"
    );
    assert_eq!(server.connections(), 1);
}

#[test]
fn check_gif_accepts_every_flag_and_rejects_every_prefix() {
    let server = TestServer::start(Plan::normal()).unwrap();
    // No words select the 20 most populous countries.
    let work = Work::new(&server.url(), codes(&[]));
    let all = Selection::<&str>::All.codes().unwrap();
    let every_flag = Work::new(&server.url(), all);
    let records = every_flag.run(Strategy::Semaphore, 30);
    assert!(records.iter().all(|record| record.status() == Status::Ok) && records.len() == 194);

    for record in work.run(Strategy::Semaphore, 5) {
        let Outcome::Saved(path) = &record.outcome else {
            panic!("{record:?}")
        };
        let flag = fs::read(path).unwrap();
        assert_eq!(check_gif(&flag), Ok(()));
        for length in 0..flag.len() {
            assert!(
                check_gif(&flag[..length]).is_err(),
                "{}: the first {length} bytes",
                record.item
            );
        }
    }
}

/// A stray answer that arrives after the next request cannot be told from the answer to it.
#[test]
fn a_connection_with_a_second_answer_that_nobody_asked_for_is_not_used_again() {
    let flag = flag_of_brazil();
    let twice = [kept_ok(&flag), kept_ok(b"stray")].concat();
    for strategy in Strategy::ALL {
        let server = RawServer::answering_every_request(twice.clone());
        let records = Work::new(&server.url(), codes(&["b"])).run(strategy, 2);
        let saved = records.iter().filter(|r| r.status() == Status::Ok);
        assert_eq!(saved.count(), 26, "{records:?}");
        assert_eq!(server.connections(), 26, "{strategy}");
    }
}
