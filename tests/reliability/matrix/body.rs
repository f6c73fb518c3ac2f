//! Faults in the body of an answer, and bodies that are not flags.

use flags::record::Kind;

use super::{
    RESET, Row, SHORT_TIMEOUT, TIMED_OUT, Verdict, error, plan, raw, status_error, with_args,
    with_changed_head,
};
use crate::support::raw::RawServer;

const TRUNCATED: Verdict = Verdict::Error(
    Kind::Truncated,
    "truncated: end of file before message length reached",
);
const TOO_BIG: Verdict = Verdict::Error(Kind::TooBig, "too_big: more than 1048576 bytes");

pub(super) fn rows() -> Vec<Row> {
    vec![
        plan(
            "connection reset in the middle of the body",
            "100:reset-body",
            RESET,
        ),
        raw(
            "connection reset in the middle of a close-delimited body",
            |flag| RawServer::resetting_after([b"HTTP/1.1 200 OK\r\n\r\n", &flag[..200]].concat()),
            RESET,
        ),
        plan(
            "connection closed in the middle of the body",
            "100:truncate",
            TRUNCATED,
        ),
        plan(
            "connection closed in the middle of a chunk",
            "100:truncate-chunked",
            TRUNCATED,
        ),
        raw(
            "connection closed between two chunks",
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
            "a chunk size that is not a number",
            "100:bad-chunk",
            error(
                Kind::BadBody,
                "bad_body: Invalid chunk size line: missing size digit",
            ),
        ),
        plan(
            "connection closed in the middle of a close-delimited body",
            "100:truncate-unframed",
            error(
                Kind::GifCut,
                "gif_cut: the GIF ends after 200 bytes, without its trailer",
            ),
        ),
        plan(
            "a cut GIF with a matching Content-Length",
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
        with_args(
            SHORT_TIMEOUT,
            plan(
                "a Content-Length that is too large, then the server stalls",
                "100:length-long",
                TIMED_OUT,
            ),
        ),
        plan(
            "a Content-Length of one terabyte: the body is not read",
            "100:length-absurd",
            TOO_BIG,
        ),
        plan(
            "64 MiB with a correct Content-Length: the body is not read",
            "100:huge",
            TOO_BIG,
        ),
        plan(
            "an endless body: read up to the size limit",
            "100:endless",
            TOO_BIG,
        ),
        with_args(
            &["--size-limit", "1KiB"],
            plan(
                "a flag larger than --size-limit",
                "",
                error(Kind::TooBig, "too_big: more than 1024 bytes"),
            ),
        ),
        with_args(
            SHORT_TIMEOUT,
            plan(
                "a body sent byte by byte, too slowly for the time limit",
                "100:drip",
                TIMED_OUT,
            ),
        ),
        with_args(
            SHORT_TIMEOUT,
            plan(
                "server stalls in the middle of the body",
                "100:hang-body",
                TIMED_OUT,
            ),
        ),
        plan(
            "an HTML page with status 200, as from a captive portal",
            "100:html",
            error(
                Kind::NotGif,
                "not_gif: the body begins with \"<!doctype html>…",
            ),
        ),
        plan(
            "64 KB of gzip that decompress to 64 MiB: not decompressed",
            "100:gzip-bomb",
            error(Kind::NotGif, "not_gif: the body begins with …"),
        ),
        plan(
            "a gzip stream that is cut: not decompressed",
            "100:gzip-cut",
            error(Kind::NotGif, "not_gif: the body begins with …"),
        ),
        plan(
            "the first byte of the flag is corrupt",
            "100:corrupt=1",
            error(Kind::NotGif, "not_gif: the body begins with …"),
        ),
        plan(
            "a text in a charset that is not the one it names",
            "100:wrong-charset",
            error(Kind::NotGif, "not_gif: the body begins with …"),
        ),
        plan(
            "a flag labelled as a page",
            "100:content-type=\"text/html\"",
            Verdict::Saved,
        ),
        plan(
            "an uncompressed flag labelled as br",
            "100:content-encoding=\"br\"",
            Verdict::Saved,
        ),
        plan(
            "another ETag at each attempt",
            "100:etag-changes",
            Verdict::Saved,
        ),
        plan(
            "wrong ranges, none of which is asked for",
            "100:range-wrong",
            Verdict::Saved,
        ),
        raw(
            "an uncompressed flag labelled as gzip",
            |flag| {
                with_changed_head(
                    flag,
                    "content-length",
                    "content-encoding: gzip\r\ncontent-length",
                )
            },
            Verdict::Saved,
        ),
        plan(
            "200 with an empty body",
            "100:empty",
            error(Kind::Empty, "empty: the body is empty"),
        ),
        plan(
            "204",
            "100:no-content",
            status_error("HTTP error 204 - No Content"),
        ),
        plan(
            "206 to a request without Range",
            "100:partial",
            status_error("HTTP error 206 - Partial Content"),
        ),
        plan(
            "304 to an unconditional request",
            "100:not-modified",
            status_error("HTTP error 304 - Not Modified"),
        ),
        plan(
            "bytes after the end of the GIF",
            "100:gif-trailing",
            error(
                Kind::GifTrailing,
                "gif_trailing: … bytes after the end of the GIF",
            ),
        ),
    ]
}
