//! What lines may contain.

use super::{Case, check, check_each};
use crate::support::log::request;
use crate::support::pack::gzip;
use crate::support::{hit, hits, miss};

/// Returns the case of a gzip file with this text.
fn text(name: &'static str, text: impl AsRef<[u8]>, hosts: &[&'static str]) -> Case {
    Case::whole(name, gzip(text.as_ref()), hosts)
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn lines_that_are_not_requests_are_skipped() {
    check(&[
        text(
            "empty-line.log.gz",
            joined(&[b"\n", &hit("a"), b"\n\n", &hit("b")]),
            &["a", "b"],
        ),
        text(
            "short-line.log.gz",
            joined(&[b"x\n1 2 3 4 5\n", &hit("a"), b"/robots.txt\n"]),
            &["a"],
        ),
        text(
            "six-fields.log.gz",
            "h 1 2 3 4 /robots.txt\nh 1 2 3 4 5 /robots.txt\n",
            &["h"],
        ),
        text(
            "line-of-nul.log.gz",
            joined(&[&[0; 100], b"\n", &hit("a")]),
            &["a"],
        ),
        text("all-nul.log.gz", [0; 5000], &[]),
        text(
            "nul-before-a-host.log.gz",
            joined(&[b"\0", &hit("a")]),
            &["\0a"],
        ),
        text(
            "only-white-space.log.gz",
            " \t \r\n\x0b\x0c\x1c\x1d\x1e\x1f\n",
            &[],
        ),
        text("no-text.log.gz", "", &[]),
        text("only-a-line-feed.log.gz", "\n", &[]),
    ]);
}

#[test]
fn bytes_that_are_not_ascii_are_bytes() {
    check(&[
        text(
            "utf-8.log.gz",
            joined(&["h - é\u{2028}ü [t z] \"GET /ü\"\n".as_bytes(), &hit("a")]),
            &["a"],
        ),
        text(
            "latin-1.log.gz",
            joined(&[b"h - \xe9\xff\xa0\x85 [\n", &hit("a")]),
            &["a"],
        ),
        // NEL and NO-BREAK SPACE separate fields in Python's `str`, and are ordinary bytes here.
        text(
            "nel.log.gz",
            b"h\xc2\x85x\xc2\xa0 1 2 3 4 5 /robots.txt",
            &["h\u{85}x\u{a0}"],
        ),
        text(
            "host-of-utf-8.log.gz",
            hit("bücher.example"),
            &["bücher.example"],
        ),
        text(
            "host-of-latin-1.log.gz",
            b"b\xfccher 1 2 3 4 5 /robots.txt\n",
            &["b\u{fffd}cher"],
        ),
    ]);
}

#[test]
fn ends_of_lines() {
    let lines = hits(&["a", "b"]);
    let with_cr_lf = String::from_utf8(lines.clone())
        .unwrap()
        .replace('\n', "\r\n");
    let with_cr = with_cr_lf.replace('\n', "");
    check(&[
        text("cr-lf.log.gz", with_cr_lf, &["a", "b"]),
        // Not an end of line, but white space: both requests are one line.
        text("bare-cr.log.gz", with_cr, &["a"]),
        text(
            "cr-before-path.log.gz",
            "h 1 2 3 4 5\r/robots.txt\r\n",
            &["h"],
        ),
        text(
            "no-last-line-feed.log.gz",
            &lines[..lines.len() - 1],
            &["a", "b"],
        ),
        text("path-at-the-end.log.gz", "h 1 2 3 4 5 /robots.txt", &["h"]),
        text("path-cut-at-the-end.log.gz", "h 1 2 3 4 5 /robots.tx", &[]),
        text(
            "form-feed-ends-no-line.log.gz",
            "x\x0ch 2 3 4 5 6 /robots.txt\n",
            &[],
        ),
    ]);
}

#[test]
fn every_white_space_of_python_separates_fields() {
    let line = |space: &str| ["h", "-", "-", "[t", "z]", "\"GET", "/robots.txt", "x"].join(space);
    check(&[
        text("tab.log.gz", line("\t"), &["h"]),
        text("vt.log.gz", line("\x0b"), &["h"]),
        text("ff.log.gz", line("\x0c"), &["h"]),
        text("cr.log.gz", line("\r"), &["h"]),
        text("fs.log.gz", line("\x1c"), &["h"]),
        text("gs.log.gz", line("\x1d"), &["h"]),
        text("rs.log.gz", line("\x1e"), &["h"]),
        text("us.log.gz", line("\x1f"), &["h"]),
        text("run.log.gz", line(" \t\x0b\x1f  "), &["h"]),
        text("leading.log.gz", format!("\t  {}", line(" ")), &["h"]),
        text("nul-is-none.log.gz", line("\0"), &[]),
        text("1b-is-none.log.gz", line("\x1b"), &[]),
        text("08-is-none.log.gz", line("\x08"), &[]),
    ]);
}

#[test]
fn only_the_path_of_the_request_counts() {
    let referer = "h - - [t z] \"GET / HTTP/1.1\" 200 71 \"http://x/robots.txt\" \"/robots.txt\"\n";
    check(&[
        text("user-with-a-space.log.gz", hit("h - a name"), &[]),
        text("query.log.gz", request("h", "GET /robots.txt?x=1"), &[]),
        text(
            "longer-path.log.gz",
            request("h", "GET /robots.txt.bak"),
            &[],
        ),
        text("deeper-path.log.gz", request("h", "GET /x/robots.txt"), &[]),
        text("upper-case.log.gz", request("h", "GET /ROBOTS.TXT"), &[]),
        text("referer.log.gz", referer, &[]),
        text("head.log.gz", request("h", "HEAD /robots.txt"), &["h"]),
        text(
            "no-protocol.log.gz",
            "h - - [t z] \"GET /robots.txt\" 200 71\n",
            &[],
        ),
        text(
            "twice-in-a-line.log.gz",
            referer.replace("GET / ", "GET /robots.txt "),
            &["h"],
        ),
        text(
            "host-is-the-path.log.gz",
            hit("/robots.txt"),
            &["/robots.txt"],
        ),
        text(
            "common.log.gz",
            "h - - [t z] \"GET /robots.txt HTTP/1.0\" 404 -\n",
            &["h"],
        ),
    ]);
}

#[test]
fn long_lines() {
    let of_length = |host: &str, length: usize| {
        let mut line = hit(host);
        line.pop();
        line.resize(length, b'a');
        line
    };
    let most = findrobots::MAX_LINE;
    assert_eq!(most, 16 << 20);
    let around = |line: &[u8]| gzip(&joined(&[&hit("a"), line, b"\n", &miss("m"), &hit("b")]));
    let too_long = "skipped 1 line of more than 16 MiB";
    check_each(&[
        Case::whole(
            "3-mb.log.gz",
            around(&of_length("long", 3_000_000)),
            &["a", "b", "long"],
        ),
        Case::whole(
            "longest.log.gz",
            around(&of_length("long", most)),
            &["a", "b", "long"],
        ),
        Case::whole(
            "too-long.log.gz",
            around(&of_length("long", most + 1)),
            &["a", "b"],
        )
        .warning(too_long),
        Case::whole(
            "longest-at-end.log.gz",
            gzip(&of_length("long", most)),
            &["long"],
        ),
        Case::whole(
            "too-long-at-end.log.gz",
            gzip(&of_length("long", most + 1)),
            &[],
        )
        .warning(too_long),
        Case::whole("longest-plain.log", of_length("long", most), &["long"]),
        Case::whole("too-long-plain.log", of_length("long", most + 1), &[]).warning(too_long),
    ]);
}
