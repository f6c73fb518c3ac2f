//! A retry of the same run.

use std::fs;

use flags::item::Checksum;
use flags::report::Report;
use sha2::{Digest as _, Sha256};

use super::{CUT, ETAG, content, cut, cutting, part, range, requested, whole};
use crate::lists::{list, program};
use crate::support::raw::{AtTheEnd, RawServer};
use crate::support::{Run, STRATEGIES, listing};

/// Requests `large` from the server, with one retry. Returns the run and the file that was saved.
fn run(server: &RawServer, options: &[&str]) -> (Run, Option<Vec<u8>>) {
    let program = program(list(server, &["large"]));
    let args = ["--input", "list", "-v", "--retries", "1"];
    let run = program.run([&args[..], options].concat());
    let saved = fs::read(program.downloads().join("large")).ok();
    let names = saved.as_ref().map(|_| "large".to_owned());
    assert_eq!(
        listing(&program.downloads()),
        names.as_slice(),
        "{}",
        run.out
    );
    (run, saved)
}

#[test]
fn a_retry_requests_only_the_rest() {
    for strategy in STRATEGIES {
        let server = cutting(ETAG, AtTheEnd::Closes);
        let program = program(list(&server, &["large"]));
        let args = [
            "--input",
            "list",
            "-v",
            "--retries",
            "1",
            "--report",
            "r.json",
        ];
        let run = program.run([&args[..], &["--strategy", strategy]].concat());
        let line = format!("\nlarge OK (2 attempts, continued after {CUT} bytes)\n");
        assert!(run.out.contains(&line), "{}", run.out);
        let [first, second] = <[String; 2]>::try_from(server.heads()).unwrap();
        assert!(!first.contains("range"), "{first}");
        assert_eq!(requested(&second), Some(CUT), "{second}");
        for header in ["if-range: \"1\"", "accept-encoding: identity"] {
            assert!(second.contains(&format!("\r\n{header}\r\n")), "{second}");
        }
        assert!(fs::read(program.downloads().join("large")).unwrap() == content());
        assert_eq!(listing(&program.downloads()), ["large"]);
        let report = fs::read(program.folder.path().join("r.json")).unwrap();
        let report: Report = serde_json::from_slice(&report).unwrap();
        let record = &report.runs[0].records[0];
        let rest = (content().len() - CUT) as u64;
        assert_eq!(
            (record.continued_from, record.bytes),
            (Some(CUT as u64), rest)
        );
        assert_eq!((record.http_status, record.attempts), (Some(206), 2));
    }
}

#[test]
fn a_body_that_is_cut_again_goes_on_again() {
    let server = RawServer::in_turn(|number, head| {
        let body = content();
        let answer = match requested(head) {
            None => cut(ETAG, &body, 2 << 20),
            Some(first) => {
                let answer = part(&(range(&body, first) + ETAG), &body, first);
                // The second and the third have half of what is missing.
                let unsent = match number {
                    1 | 2 => (body.len() - first) / 2,
                    _ => 0,
                };
                answer[..answer.len() - unsent].to_vec()
            }
        };
        (answer, AtTheEnd::Closes)
    });
    let (run, saved) = run(&server, &["--retries", "3"]);
    assert!(saved == Some(content()), "{}", run.out);
    let firsts: Vec<_> = server.heads().iter().map(|head| requested(head)).collect();
    let quarters = |of_mib: usize| Some(of_mib << 18);
    assert_eq!(firsts, [None, quarters(8), quarters(14), quarters(17)]);
}

#[test]
fn a_body_that_takes_too_long_goes_on() {
    let server = cutting(ETAG, AtTheEnd::Waits);
    let (run, saved) = run(&server, &["--timeout", "2"]);
    assert!(saved == Some(content()), "{}", run.out);
    assert!(requested(&server.heads()[1]).is_some());
}

#[test]
fn without_a_strong_validator_a_retry_starts_again() {
    let dated =
        "last-modified: Sat, 28 Nov 2026 12:00:00 GMT\r\ndate: Sat, 28 Nov 2026 12:00:01 GMT\r\n";
    let server = cutting(dated, AtTheEnd::Closes);
    assert!(run(&server, &[]).1 == Some(content()));
    let second = &server.heads()[1];
    assert_eq!(requested(second), Some(CUT));
    assert!(
        second.contains("\r\nif-range: Sat, 28 Nov 2026 12:00:00 GMT\r\n"),
        "{second}"
    );

    for headers in [
        "",
        "etag: W/\"1\"\r\n",
        "etag: \"1\"\r\ncontent-encoding: gzip\r\n",
        "etag: \"1\"\r\naccept-ranges: none\r\n",
        "last-modified: Sat, 28 Nov 2026 12:00:00 GMT\r\n",
        "last-modified: Sat, 28 Nov 2026 12:00:00 GMT\r\ndate: Sat, 28 Nov 2026 12:00:00 GMT\r\n",
    ] {
        let server = cutting(headers, AtTheEnd::Closes);
        let (run, saved) = run(&server, &[]);
        assert!(saved == Some(content()), "{headers}: {}", run.out);
        assert!(run.out.contains("\nlarge OK (2 attempts)\n"), "{}", run.out);
        assert!(server.heads().iter().all(|head| !head.contains("range")));
    }
}

#[test]
fn a_small_body_starts_again() {
    let server = RawServer::in_turn(|number, _| {
        let body = &content()[..1 << 20];
        let answer = match number {
            0 => cut(ETAG, body, body.len() - 1),
            _ => whole(ETAG, body),
        };
        (answer, AtTheEnd::Closes)
    });
    let (run, saved) = run(&server, &[]);
    assert!(
        saved.as_deref() == Some(&content()[..1 << 20]),
        "{}",
        run.out
    );
    assert!(!server.heads()[1].contains("range"));
}

#[test]
fn a_file_that_has_changed_and_a_server_without_ranges_give_the_whole_again() {
    let mut changed = content();
    changed.truncate(4 << 20);
    changed[7] ^= 1;
    for (body, etag) in [(changed, "etag: \"2\"\r\n"), (content(), ETAG)] {
        let answer = body.clone();
        let server = RawServer::in_turn(move |number, head| {
            let answer = match (number, requested(head)) {
                (0, _) => cut(ETAG, &content(), CUT),
                // What is cut again goes on as what it is now.
                (1, _) => cut(etag, &answer, CUT + 1),
                (_, None) => whole(etag, &answer),
                (_, Some(first)) => part(&(range(&answer, first) + etag), &answer, first),
            };
            (answer, AtTheEnd::Closes)
        });
        let sum = Checksum(Sha256::digest(&body).into());
        let program = program(format!(
            "{{\"url\":\"http://127.0.0.1:{}/large\",\"sha256\":\"{sum}\"}}",
            server.port()
        ));
        let run = program.run(["--input", "list", "-v", "--retries", "2"]);
        let line = format!(
            "\nlarge OK (3 attempts, continued after {} bytes)\n",
            CUT + 1
        );
        assert!(run.out.contains(&line), "{}", run.out);
        assert!(fs::read(program.downloads().join("large")).unwrap() == body);
        let heads = server.heads();
        let firsts: Vec<_> = heads.iter().map(|head| requested(head)).collect();
        assert_eq!(firsts, [None, Some(CUT), Some(CUT + 1)]);
    }
}

#[test]
fn an_answer_that_does_not_continue_the_body_is_followed_by_a_request_for_the_whole() {
    let body = content();
    let length = body.len();
    let multipart = "content-type: multipart/byteranges; boundary=x\r\n".to_owned();
    let of = |first, last, total| format!("content-range: bytes {first}-{last}/{total}\r\n");
    let wrong: Vec<(&str, Vec<u8>)> = vec![
        ("one byte late", part(&(range(&body, CUT + 1) + ETAG), &body, CUT + 1)),
        ("one byte early", part(&(range(&body, CUT - 1) + ETAG), &body, CUT - 1)),
        ("from the start", part(&(range(&body, 0) + ETAG), &body, 0)),
        ("another length", part(&(of(CUT, length, length + 1) + ETAG), &body, CUT)),
        ("only a part", part(&(of(CUT, length - 2, length) + ETAG), &body[..length - 1], CUT)),
        ("no range", part(ETAG, &body, CUT)),
        ("several ranges", part(&(multipart + ETAG), &body, CUT)),
        ("another version", part(&(range(&body, CUT) + "etag: \"2\"\r\n"), &body, CUT)),
        ("without its tag", part(&range(&body, CUT), &body, CUT)),
        ("encoded", part(&(range(&body, CUT) + ETAG + "content-encoding: gzip\r\n"), &body, CUT)),
        (
            "416",
            format!("HTTP/1.1 416 Range Not Satisfiable\r\nconnection: close\r\ncontent-range: bytes */{length}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        ),
    ];
    for (why, answer) in wrong {
        let server = RawServer::in_turn(move |number, _| {
            let answer = match number {
                0 => cut(ETAG, &content(), CUT),
                1 => answer.clone(),
                _ => whole(ETAG, &content()),
            };
            (answer, AtTheEnd::Closes)
        });
        let (run, saved) = run(&server, &[]);
        assert!(saved == Some(content()), "{why}: {}", run.out);
        // The request for the whole belongs to the second attempt.
        assert!(
            run.out.contains("\nlarge OK (2 attempts)\n"),
            "{why}: {}",
            run.out
        );
        let heads = server.heads();
        let firsts: Vec<_> = heads.iter().map(|head| requested(head)).collect();
        assert_eq!(firsts, [None, Some(CUT), None], "{why}");
    }
}

#[test]
fn a_rest_with_fewer_bytes_than_its_range_is_not_saved() {
    let server = RawServer::in_turn(|number, _| {
        let body = content();
        let answer = match number {
            0 => cut(ETAG, &body, CUT),
            // Its chunks say that it is complete.
            _ => {
                let head = "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ntransfer-encoding: chunked\r\n";
                let chunks = "\r\n4\r\n1234\r\n0\r\n\r\n";
                [head, ETAG, &range(&body, CUT), chunks]
                    .concat()
                    .into_bytes()
            }
        };
        (answer, AtTheEnd::Closes)
    });
    let (run, saved) = run(&server, &[]);
    assert_eq!(saved, None);
    let message = format!(
        "bad_body: {} bytes instead of the {} of its Content-Range",
        CUT + 4,
        content().len()
    );
    assert!(run.out.contains(&message), "{}", run.out);
}

#[test]
fn the_checks_are_over_all_bytes() {
    // The server has changed the file, but not its tag.
    let server = RawServer::in_turn(|number, head| {
        let mut body = content();
        body[7] ^= u8::from(number == 0);
        let answer = match requested(head) {
            None => cut(ETAG, &body, CUT),
            Some(first) => part(&(range(&body, first) + ETAG), &body, first),
        };
        (answer, AtTheEnd::Closes)
    });
    let sum = Checksum(Sha256::digest(content()).into());
    let program = program(format!(
        "{{\"url\":\"http://127.0.0.1:{}/large\",\"sha256\":\"{sum}\"}}",
        server.port()
    ));
    let run = program.run(["--input", "list", "--retries", "3"]);
    assert!(run.err.contains("checksum: the SHA-256 is "), "{}", run.err);
    assert_eq!(server.heads().len(), 2);
    assert!(listing(&program.downloads()).is_empty());
}

#[test]
fn a_file_that_is_gone_leaves_nothing_of_its_beginning() {
    let server = RawServer::in_turn(|number, _| {
        let answer = match number {
            0 => cut(ETAG, &content(), CUT),
            _ => {
                b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()
            }
        };
        (answer, AtTheEnd::Closes)
    });
    let (run, saved) = run(&server, &[]);
    assert!(
        run.out.contains("\nlarge not found (2 attempts)\n"),
        "{}",
        run.out
    );
    assert_eq!(saved, None);
}
