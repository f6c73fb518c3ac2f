//! Faults in the head of an answer, up to its blank line.

use flags::record::Kind;

use super::{
    RESET, Row, SHORT_TIMEOUT, TIMED_OUT, Verdict, plan, raw, status_error, with_args,
    with_changed_head,
};
use crate::support::raw::RawServer;

const CLOSED_EARLY: Verdict = Verdict::Error(
    Kind::ClosedEarly,
    "closed_early: connection closed before message completed",
);
const BAD_VERSION: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid HTTP version parsed",
);
const BAD_STATUS: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid HTTP status-code parsed",
);
const BAD_HEADER: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid HTTP header parsed",
);
const HEAD_TOO_LARGE: Verdict =
    Verdict::Error(Kind::BadResponse, "bad_response: message head is too large");
const BAD_LENGTH: Verdict = Verdict::Error(
    Kind::BadResponse,
    "bad_response: invalid content-length parsed",
);

pub(super) fn rows() -> Vec<Row> {
    vec![
        plan("connection reset after the request", "100:reset", RESET),
        plan(
            "connection reset in the middle of the head",
            "100:reset-head",
            RESET,
        ),
        plan(
            "connection closed after the request, before the first byte",
            "100:close",
            CLOSED_EARLY,
        ),
        plan(
            "connection closed in the middle of the head",
            "100:close-head",
            CLOSED_EARLY,
        ),
        with_args(
            SHORT_TIMEOUT,
            plan("server stalls after the request", "100:hang", TIMED_OUT),
        ),
        with_args(
            SHORT_TIMEOUT,
            plan(
                "server stalls in the middle of the head",
                "100:hang-head",
                TIMED_OUT,
            ),
        ),
        with_args(
            SHORT_TIMEOUT,
            plan(
                "a head sent byte by byte, too slowly for the time limit",
                "100:slow-head",
                TIMED_OUT,
            ),
        ),
        with_args(
            SHORT_TIMEOUT,
            plan("endless 100 Continue answers", "100:endless-1xx", TIMED_OUT),
        ),
        plan(
            "103 Early Hints before the final answer",
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
        plan(
            "bytes that belong to no protocol",
            "100:garbage",
            BAD_VERSION,
        ),
        plan("a TLS alert", "100:tls-alert", BAD_VERSION),
        plan("the banner of an SSH server", "100:ssh-banner", BAD_VERSION),
        plan(
            "a flag without a head, as in HTTP/0.9",
            "100:http09",
            BAD_VERSION,
        ),
        raw(
            "an HTTP/2 frame",
            |_| {
                RawServer::answering(
                    b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xff\xff\xff"
                        .as_slice(),
                )
            },
            BAD_VERSION,
        ),
        raw(
            "HTTP/3.0 in the status line",
            |flag| with_changed_head(flag, "HTTP/1.1", "HTTP/3.0"),
            BAD_VERSION,
        ),
        plan(
            "a status that is not a number, with an escape sequence as its reason phrase",
            "100:bad-status-line",
            BAD_STATUS,
        ),
        raw(
            "status 99",
            |flag| with_changed_head(flag, "200 OK", "99 Low"),
            BAD_STATUS,
        ),
        plan(
            "status 999",
            "100:status=999",
            status_error("HTTP error 999"),
        ),
        raw(
            "503 with an escape sequence as its reason phrase",
            |flag| with_changed_head(flag, "200 OK", "503 \x1b[31mred"),
            BAD_STATUS,
        ),
        plan("a NUL in a header name", "100:bad-header", BAD_HEADER),
        raw(
            "a space in a header name",
            |flag| with_changed_head(flag, "content-length", "x y: z\r\ncontent-length"),
            BAD_HEADER,
        ),
        plan("101 additional headers", "100:many-headers", HEAD_TOO_LARGE),
        raw(
            "a header of one megabyte",
            |flag| {
                with_changed_head(
                    flag,
                    "content-length",
                    &format!("x: {}\r\ncontent-length", "y".repeat(1 << 20)),
                )
            },
            HEAD_TOO_LARGE,
        ),
        raw(
            "endless headers, sent at once",
            |_| {
                RawServer::answering("HTTP/1.1 200 OK\r\n".to_owned() + &"x: y\r\n".repeat(1 << 18))
            },
            HEAD_TOO_LARGE,
        ),
        with_args(
            SHORT_TIMEOUT,
            plan(
                "endless headers, sent slowly",
                "100:endless-headers=20000",
                TIMED_OUT,
            ),
        ),
        plan(
            "endless headers, sent fast",
            "100:endless-headers",
            HEAD_TOO_LARGE,
        ),
        plan(
            "a negative Content-Length",
            "100:length-malformed",
            BAD_LENGTH,
        ),
        raw(
            "a Content-Length that begins with abc",
            |flag| with_changed_head(flag, "content-length: ", "content-length: abc"),
            BAD_LENGTH,
        ),
        raw(
            "a Content-Length of 2^64 - 1",
            |_| {
                RawServer::answering(
                    "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\nGIF89a",
                )
            },
            HEAD_TOO_LARGE,
        ),
        plan(
            "two different Content-Length headers",
            "100:length-twice",
            BAD_LENGTH,
        ),
        raw(
            "header lines that end without a carriage return",
            |flag| with_changed_head(flag, "\r\n", "\n"),
            Verdict::Saved,
        ),
        raw(
            "HTTP/1.0",
            |flag| with_changed_head(flag, "HTTP/1.1", "HTTP/1.0"),
            Verdict::Saved,
        ),
        raw(
            "a Content-Length together with chunked encoding",
            |flag| {
                let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n";
                let size = format!("{:x}\r\n", flag.len());
                RawServer::answering([head, size.as_bytes(), flag, b"\r\n0\r\n\r\n"].concat())
            },
            Verdict::Saved,
        ),
    ]
}
