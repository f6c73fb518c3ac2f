//! Faults in the body of an answer, and answers whose body is no flag.

use flags::record::Kind;

use super::{LATE, RESET, Row, SHORT, Verdict, error, plan, raw, replaced, status_error, with};
use crate::support::raw::RawServer;

const CUT_SHORT: Verdict = Verdict::Error(
    Kind::Truncated,
    "truncated: end of file before message length reached",
);
const TOO_BIG: Verdict = Verdict::Error(Kind::TooBig, "too_big: more than 1048576 bytes");

pub(super) fn rows() -> Vec<Row> {
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
                "gif_trailing: … bytes after the end of the GIF",
            ),
        ),
    ]
}
