//! Faults between the request and the blank line behind the head of its answer.

use flags::record::Kind;

use super::{LATE, RESET, Row, SHORT, Verdict, plan, raw, replaced, status_error, with};
use crate::support::raw::RawServer;

const CLOSED: Verdict = Verdict::Error(
    Kind::ClosedEarly,
    "closed_early: connection closed before message completed",
);
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

pub(super) fn rows() -> Vec<Row> {
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
