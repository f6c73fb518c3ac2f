//! Answers that are not flags, each met over a real socket: one error line with a kind and the innermost cause, nothing on
//! disk, and the connection given up or used again as it should be.

use std::fs;
use std::time::Duration;

use crate::support::raw::{RawServer, ok};
use crate::support::{self, Work, codes, flag_of_brazil, served};
use flags::country::Selection;
use flags::download::check_gif;
use flags::job::RequestLimits;
use flags::record::{Outcome, Status};
use flags::strategy::Strategy;
use test_server::{Plan, TestServer};

/// What becomes of BR at this server, the same in all strategies.
fn verdict(server: &RawServer) -> String {
    verdict_within(server, support::WATCHDOG)
}

fn verdict_within(server: &RawServer, timeout: Duration) -> String {
    let verdicts = Strategy::ALL.map(|strategy| {
        let work = Work::with_timeout(&server.url(), codes(&["br"]), timeout);
        fs::write(work.dest.path().join("br.gif"), "an older flag").unwrap();
        let record = work.run(strategy, 1).remove(0);
        assert_eq!(work.listing(), ["br.gif"], "nothing new");
        let on_disk = fs::read(work.dest.path().join("br.gif")).unwrap();
        assert_eq!(
            on_disk, b"an older flag",
            "an older flag stays until there is a new one"
        );
        match record.outcome {
            Outcome::Failed(failure) => failure.to_string(),
            other => format!("{other:?}"),
        }
    });
    assert!(
        verdicts.iter().all(|verdict| *verdict == verdicts[0]),
        "{verdicts:?}"
    );
    verdicts[0].clone()
}

#[test]
fn a_200_that_is_no_whole_gif_is_an_error() {
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
        assert_eq!(verdict(&RawServer::answering(ok(body))), expected);
    }
}

#[test]
fn an_answer_that_breaks_off_is_an_error_that_says_how() {
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
            verdict(&RawServer::answering(answer)),
            kind,
            "{}",
            answer.escape_ascii()
        );
    }
}

const TOO_LATE: &str = "timeout: no complete answer within 200ms";

#[test]
fn a_silent_server_and_a_dripping_one_end_at_the_time_limit() {
    let timeout = Duration::from_millis(200);
    for answer in [
        &b""[..],
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nGIF89a",
    ] {
        let server = RawServer::stalling_after(answer);
        assert_eq!(verdict_within(&server, timeout), TOO_LATE);
    }
    // Each byte comes long before the limit, and the last one never.
    assert_eq!(verdict_within(&RawServer::dripping(), timeout), TOO_LATE);
}

#[test]
fn a_404_is_not_found_at_its_status_line_whatever_its_body_does() {
    let server =
        RawServer::stalling_after("HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\nno");
    assert_eq!(verdict(&server), "NotFound");
}

#[test]
fn a_body_larger_than_any_flag_is_not_read_to_its_end() {
    let size_limit = RequestLimits::default().size;
    let expected = format!("too_big: more than {size_limit} bytes");
    let absurd = RawServer::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n");
    assert_eq!(verdict(&absurd), expected);
    // Without a length, it counts as it reads; the server would stall for ever behind it.
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(endless.len() + size_limit as usize + 1, b'x');
    assert_eq!(verdict(&RawServer::stalling_after(endless)), expected);
}

#[test]
fn redirects_are_followed_and_the_flag_keeps_the_name_it_was_asked_by() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let to = |path: &str| {
        let target = format!("{}/{path}", server.url());
        RawServer::answering(format!(
            "HTTP/1.1 302 Found\r\nlocation: {target}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        ))
    };
    let here = to("us/us.gif");
    let work = Work::new(&here.url(), codes(&["br"]));
    let records = work.run(Strategy::Semaphore, 1);
    assert_eq!(
        records[0].outcome,
        Outcome::Saved(work.dest.path().join("br.gif"))
    );
    assert_eq!(
        fs::read(work.dest.path().join("br.gif")).unwrap(),
        served(&server, codes(&["us"])[0])
    );

    assert_eq!(verdict(&to("xx/xx.gif")), "NotFound");
    let nowhere = RawServer::answering(
        "HTTP/1.1 302 Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(verdict(&nowhere), "HTTP error 302 - Found");
}

#[test]
fn a_redirect_loop_ends() {
    let server = RawServer::answering(
        "HTTP/1.1 302 Found\r\nlocation: /flags/br/br.gif\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(verdict(&server), "redirect: too many redirects");
    assert_eq!(
        server.connections(),
        3 * 11,
        "ten redirects are followed, in each strategy"
    );
}

#[test]
fn the_connection_of_a_missing_flag_is_used_again() {
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
fn a_body_nobody_wants_is_read_so_that_its_connection_can_be_used_again() {
    for status in ["404 Not Found", "503 Service Unavailable"] {
        for strategy in Strategy::ALL {
            let server = RawServer::answering_in_two_parts(status);
            Work::new(&server.url(), codes(&["br", "cn", "de", "us"])).run(strategy, 1);
            assert_eq!(server.connections(), 1, "{status}, {strategy}");
        }
    }
}

#[test]
fn a_redirect_to_the_default_port_does_not_stay_on_that_of_the_base() {
    if std::net::TcpStream::connect(("127.0.0.1", 80)).is_ok() {
        return support::skip("somebody serves port 80 of this machine");
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
fn the_walk_accepts_every_flag_and_no_proper_prefix_of_some() {
    let server = TestServer::start(Plan::normal()).unwrap();
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
                record.code
            );
        }
    }
}
