//! The matrix of faults: what is done to a download of BR, and what must come of it. The tests run each row, and
//! docs/reliability.md shows them.

use flags::record::Kind;

use super::raw::{RawServer, ok};

/// One fault and its verdict.
pub(crate) struct Row {
    /// In words.
    pub(crate) fault: &'static str,
    /// How it is brought about.
    pub(crate) by: By,
    /// What is typed besides.
    pub(crate) args: &'static [&'static str],
    /// What must come of it.
    pub(crate) verdict: Verdict,
}

/// How a fault is brought about.
pub(crate) enum By {
    /// The test server, under this plan for all codes.
    Plan(&'static str),
    /// A server that answers with what this makes of a flag.
    Raw(fn(flag: &[u8]) -> RawServer),
    /// Nobody listens at the port.
    NobodyListens,
    /// A network in which there is nothing but this machine; the base URL of a server outside.
    NoNetwork(&'static str),
    /// Environment variables of a proxy that is not there.
    DeadProxy,
}

/// What must come of a code.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// The flag is saved, exit code 0.
    Saved,
    /// Not found, exit code 0.
    NotFound,
    /// An error of this kind with this message, exit code 1. `…` stands for whatever the system says.
    Error(Kind, &'static str),
}

/// The rows in groups, each with a heading.
pub(crate) fn groups() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Connecting", connecting()),
        ("The head of the answer", head()),
        ("The body", body()),
        ("Status and redirects", status()),
    ]
}

const SHORT: &[&str] = &["--timeout", "0.3"];
const USUAL: &[&str] = &[];

fn plan(fault: &'static str, plan: &'static str, verdict: Verdict) -> Row {
    Row {
        fault,
        by: By::Plan(plan),
        args: USUAL,
        verdict,
    }
}

fn raw(fault: &'static str, server: fn(&[u8]) -> RawServer, verdict: Verdict) -> Row {
    Row {
        fault,
        by: By::Raw(server),
        args: USUAL,
        verdict,
    }
}

fn with(args: &'static [&'static str], row: Row) -> Row {
    Row { args, ..row }
}

fn error(kind: Kind, message: &'static str) -> Verdict {
    Verdict::Error(kind, message)
}

const RESET: Verdict = Verdict::Error(Kind::Reset, "reset: Connection reset by peer…");
const CLOSED: Verdict = Verdict::Error(
    Kind::ClosedEarly,
    "closed_early: connection closed before message completed",
);
const LATE: Verdict = Verdict::Error(Kind::Timeout, "timeout: no complete answer within 300ms");
const NO_HTTP: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid HTTP version parsed",
);
const NO_STATUS: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid HTTP status-code parsed",
);
const NO_HEADER: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid HTTP header parsed",
);
const TOO_LARGE: Verdict =
    Verdict::Error(Kind::BadResponse, "bad_response: message head is too large");
const NO_LENGTH: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid content-length parsed",
);
const CUT_SHORT: Verdict = Verdict::Error(
    Kind::Truncated,
    "truncated: end of file before message length reached",
);
const TOO_BIG: Verdict = Verdict::Error(Kind::TooBig, "too_big: more than 1048576 bytes");

fn status_error(message: &'static str) -> Verdict {
    Verdict::Error(Kind::HttpStatus, message)
}

fn connecting() -> Vec<Row> {
    let environment = |fault, by, verdict| Row {
        fault,
        by,
        args: USUAL,
        verdict,
    };
    vec![
        environment(
            "nobody listens there",
            By::NobodyListens,
            error(Kind::ConnectRefused, "connect_refused: Connection refused…"),
        ),
        with(
            &["--connect-timeout", "0.3"],
            plan(
                "the server's queue is full and nobody accepts",
                "100:backlog-full",
                error(
                    Kind::ConnectTimeout,
                    "connect_timeout: no connection within 300ms",
                ),
            ),
        ),
        environment(
            "the name of the host cannot be looked up",
            By::NoNetwork("http://flags.example/flags"),
            error(Kind::Dns, "dns: failed to lookup address information: …"),
        ),
        environment(
            "there is no way to the host",
            By::NoNetwork("http://192.0.2.1/flags"),
            error(Kind::Connect, "connect: Network is unreachable…"),
        ),
        environment(
            "the environment names a proxy, and the server is on this machine",
            By::DeadProxy,
            Verdict::Saved,
        ),
    ]
}

fn head() -> Vec<Row> {
    vec![
        plan("a reset after the request", "100:reset", RESET),
        plan("a reset inside the head", "100:reset-head", RESET),
        plan(
            "closed after the request, without a byte",
            "100:close",
            CLOSED,
        ),
        plan("closed inside the head", "100:close-head", CLOSED),
        with(SHORT, plan("silence after the request", "100:hang", LATE)),
        with(
            SHORT,
            plan("silence inside the head", "100:hang-head", LATE),
        ),
        with(
            SHORT,
            plan(
                "a head that comes byte by byte, and too slowly",
                "100:slow-head",
                LATE,
            ),
        ),
        with(
            SHORT,
            plan("100 Continue, again and again", "100:endless-1xx", LATE),
        ),
        plan(
            "103 Early Hints before the answer",
            "100:early-hints",
            Verdict::Saved,
        ),
        raw(
            "101 Switching Protocols",
            |_| {
                RawServer::answering(
                    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
                )
            },
            status_error("HTTP error 101 - Switching Protocols"),
        ),
        plan("bytes that are nothing", "100:garbage", NO_HTTP),
        plan("a TLS alert", "100:tls-alert", NO_HTTP),
        plan("the greeting of an SSH server", "100:ssh-banner", NO_HTTP),
        plan(
            "a flag without any head, as in HTTP/0.9",
            "100:http09",
            NO_HTTP,
        ),
        raw(
            "a frame of HTTP/2",
            |_| {
                RawServer::answering(
                    b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xff\xff\xff"
                        .as_slice(),
                )
            },
            NO_HTTP,
        ),
        raw(
            "HTTP/3.0 in the status line",
            |flag| replaced(flag, "HTTP/1.1", "HTTP/3.0"),
            NO_HTTP,
        ),
        plan(
            "a status that is no number, and an escape sequence as its reason",
            "100:bad-status-line",
            NO_STATUS,
        ),
        raw(
            "status 99",
            |flag| replaced(flag, "200 OK", "99 Low"),
            NO_STATUS,
        ),
        plan(
            "status 999",
            "100:status=999",
            status_error("HTTP error 999"),
        ),
        raw(
            "an escape sequence as the reason of a 503",
            |flag| replaced(flag, "200 OK", "503 \x1b[31mred"),
            NO_STATUS,
        ),
        plan("a NUL in the name of a header", "100:bad-header", NO_HEADER),
        raw(
            "a space in the name of a header",
            |flag| replaced(flag, "content-length", "x y: z\r\ncontent-length"),
            NO_HEADER,
        ),
        plan("101 headers more than usual", "100:many-headers", TOO_LARGE),
        raw(
            "a header of a megabyte",
            |flag| {
                replaced(
                    flag,
                    "content-length",
                    &format!("x: {}\r\ncontent-length", "y".repeat(1 << 20)),
                )
            },
            TOO_LARGE,
        ),
        raw(
            "headers without end, at once",
            |_| {
                RawServer::answering("HTTP/1.1 200 OK\r\n".to_owned() + &"x: y\r\n".repeat(1 << 18))
            },
            TOO_LARGE,
        ),
        with(
            SHORT,
            plan("headers without end, slowly", "100:endless-headers", LATE),
        ),
        plan(
            "a Content-Length that is negative",
            "100:length-malformed",
            NO_LENGTH,
        ),
        raw(
            "a Content-Length of abc",
            |flag| replaced(flag, "content-length: ", "content-length: abc"),
            NO_LENGTH,
        ),
        raw(
            "a Content-Length of 2^64 - 1",
            |_| {
                RawServer::answering(
                    "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\nGIF89a",
                )
            },
            TOO_LARGE,
        ),
        plan(
            "two Content-Lengths that differ",
            "100:length-twice",
            NO_LENGTH,
        ),
        raw(
            "lines that end without a carriage return",
            |flag| replaced(flag, "\r\n", "\n"),
            Verdict::Saved,
        ),
        raw(
            "HTTP/1.0",
            |flag| replaced(flag, "HTTP/1.1", "HTTP/1.0"),
            Verdict::Saved,
        ),
        raw(
            "a Content-Length beside chunks",
            |flag| {
                let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n";
                let size = format!("{:x}\r\n", flag.len());
                RawServer::answering([head, size.as_bytes(), flag, b"\r\n0\r\n\r\n"].concat())
            },
            Verdict::Saved,
        ),
    ]
}

fn body() -> Vec<Row> {
    vec![
        plan("a reset inside the body", "100:reset-body", RESET),
        raw(
            "a reset inside a body whose end is the end of the connection",
            |flag| RawServer::resetting_after([b"HTTP/1.1 200 OK\r\n\r\n", &flag[..200]].concat()),
            RESET,
        ),
        plan("closed inside the body", "100:truncate", CUT_SHORT),
        plan("closed inside a chunk", "100:truncate-chunked", CUT_SHORT),
        raw(
            "closed between two chunks",
            |_| {
                RawServer::answering(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nGIF89a\r\n",
                )
            },
            error(
                Kind::Truncated,
                "truncated: unexpected EOF during chunk size line",
            ),
        ),
        plan(
            "the size of a chunk is no number",
            "100:bad-chunk",
            error(
                Kind::BadBody,
                "bad_body: Invalid chunk size line: missing size digit",
            ),
        ),
        plan(
            "closed inside a body whose end is the end of the connection",
            "100:truncate-unframed",
            error(
                Kind::GifCut,
                "gif_cut: the GIF ends after 200 bytes, without its trailer",
            ),
        ),
        plan(
            "half a flag, and a Content-Length that agrees",
            "100:gif-cut",
            error(
                Kind::GifCut,
                "gif_cut: the GIF ends after 200 bytes, without its trailer",
            ),
        ),
        plan(
            "a Content-Length that is too small",
            "100:length-short",
            error(Kind::GifCut, "gif_cut: the GIF ends after …"),
        ),
        with(
            SHORT,
            plan(
                "a Content-Length that is too large, and then silence",
                "100:length-long",
                LATE,
            ),
        ),
        plan(
            "a Content-Length of a terabyte: not read at all",
            "100:length-absurd",
            TOO_BIG,
        ),
        plan("64 MiB, announced: not read at all", "100:huge", TOO_BIG),
        plan(
            "a body without end: read up to the limit",
            "100:endless",
            TOO_BIG,
        ),
        with(
            &["--size-limit", "1KiB"],
            plan(
                "a flag larger than --size-limit",
                "",
                error(Kind::TooBig, "too_big: more than 1024 bytes"),
            ),
        ),
        with(
            SHORT,
            plan("a body that drips byte by byte", "100:drip", LATE),
        ),
        with(
            SHORT,
            plan("silence inside the body", "100:hang-body", LATE),
        ),
        plan(
            "a page with status 200, as from a captive portal",
            "100:html",
            error(
                Kind::NotGif,
                "not_gif: the body begins with \"<!doctype html>…",
            ),
        ),
        plan(
            "64 KB that unpack to 64 MiB: not unpacked",
            "100:gzip-bomb",
            error(Kind::NotGif, "not_gif: the body begins with …"),
        ),
        raw(
            "a plain flag that calls itself gzip",
            |flag| {
                replaced(
                    flag,
                    "content-length",
                    "content-encoding: gzip\r\ncontent-length",
                )
            },
            Verdict::Saved,
        ),
        plan(
            "200 and no byte",
            "100:empty",
            error(Kind::Empty, "empty: the body is empty"),
        ),
        plan(
            "204",
            "100:no-content",
            status_error("HTTP error 204 - No Content"),
        ),
        plan(
            "206, which nobody asked for",
            "100:partial",
            status_error("HTTP error 206 - Partial Content"),
        ),
        plan(
            "304, which nobody asked for",
            "100:not-modified",
            status_error("HTTP error 304 - Not Modified"),
        ),
        plan(
            "something behind the end of the flag",
            "100:gif-trailing",
            error(
                Kind::GifTrailing,
                "gif_trailing: … bytes behind the end of the GIF",
            ),
        ),
    ]
}

fn status() -> Vec<Row> {
    vec![
        plan("404", "100:status=404", Verdict::NotFound),
        raw(
            "404 with a body that never comes",
            |_| {
                RawServer::stalling_after("HTTP/1.1 404 Not Found\r\ncontent-length: 500\r\n\r\nno")
            },
            Verdict::NotFound,
        ),
        plan(
            "410: only 404 means that there is no such flag",
            "100:status=410",
            status_error("HTTP error 410 - Gone"),
        ),
        plan(
            "400",
            "100:status=400",
            status_error("HTTP error 400 - Bad Request"),
        ),
        plan(
            "401",
            "100:status=401",
            status_error("HTTP error 401 - Unauthorized"),
        ),
        plan(
            "403",
            "100:status=403",
            status_error("HTTP error 403 - Forbidden"),
        ),
        plan(
            "418",
            "100:status=418",
            status_error("HTTP error 418 - I'm a teapot"),
        ),
        plan(
            "408",
            "100:status=408",
            status_error("HTTP error 408 - Request Timeout"),
        ),
        plan(
            "429",
            "100:status=429",
            status_error("HTTP error 429 - Too Many Requests"),
        ),
        plan(
            "500",
            "100:status=500",
            status_error("HTTP error 500 - Internal Server Error"),
        ),
        plan(
            "501",
            "100:status=501",
            status_error("HTTP error 501 - Not Implemented"),
        ),
        plan(
            "502",
            "100:status=502",
            status_error("HTTP error 502 - Bad Gateway"),
        ),
        plan(
            "503",
            "100:status=503",
            status_error("HTTP error 503 - Service Unavailable"),
        ),
        plan(
            "504",
            "100:status=504",
            status_error("HTTP error 504 - Gateway Timeout"),
        ),
        plan("522", "100:status=522", status_error("HTTP error 522")),
        plan("524", "100:status=524", status_error("HTTP error 524")),
        with(
            &["--retries", "1"],
            plan(
                "503 that asks for more patience than 30 s",
                "100:status=503+retry-after=99999",
                status_error(
                    "HTTP error 503 - Service Unavailable, which asks for 99999 s of patience; 30 s is the most there is",
                ),
            ),
        ),
        with(
            &["--retries", "2"],
            plan(
                "503 twice, and then the flag",
                "100:status=503+transient=2",
                Verdict::Saved,
            ),
        ),
        plan("302 to the flag", "100:redirect", Verdict::Saved),
        plan(
            "302 to a flag that is not there",
            "100:redirect-missing",
            Verdict::NotFound,
        ),
        plan(
            "302 for ever",
            "100:redirect-loop",
            error(Kind::Redirect, "redirect: too many redirects"),
        ),
        plan(
            "302 to nowhere",
            "100:redirect-nowhere",
            status_error("HTTP error 302 - Found"),
        ),
        plan(
            "302 to a file: URL",
            "100:redirect-scheme",
            status_error("HTTP error 302 - Found"),
        ),
        raw(
            "302 to what is no URL",
            |flag| replaced(flag, "200 OK", "302 Found\r\nlocation: http://[nonsense"),
            status_error("HTTP error 302 - Found"),
        ),
        plan(
            "302 to a port where nobody listens",
            "100:redirect-refused",
            error(Kind::ConnectRefused, "connect_refused: Connection refused…"),
        ),
    ]
}

/// A server that answers with this flag, something in the head replaced.
fn replaced(flag: &[u8], from: &str, to: &str) -> RawServer {
    let answer = ok(flag);
    let (head, body) = answer.split_at(answer.len() - flag.len());
    let head = String::from_utf8(head.to_vec()).unwrap().replace(from, to);
    RawServer::answering([head.as_bytes(), body].concat())
}
