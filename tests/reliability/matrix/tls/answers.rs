//! Connections that end in the head or in the body of an answer.

use flags::record::Kind;

use super::super::{RESET, SHORT_TIMEOUT, TIMED_OUT, error, with_args};
use super::{NOT_TLS, Row, Verdict, serving};
use crate::support::raw::ok;
use crate::support::tls::{End, Talk};
const UNREADABLE: Verdict = Verdict::Error(Kind::Tls, "tls: cannot decrypt peer's message");
const CLOSED: Verdict = Verdict::Error(
    Kind::ClosedEarly,
    "closed_early: connection closed before message completed",
);
const CLOSED_WITHOUT_NOTICE: Verdict = Verdict::Error(
    Kind::ClosedEarly,
    "closed_early: the connection was closed without the close_notify of TLS",
);
const TRUNCATED: Verdict = Verdict::Error(
    Kind::Truncated,
    "truncated: the connection was closed without the close_notify of TLS",
);

const HALF_A_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-le";

/// Reads a request, writes these bytes, and ends the connection.
fn answer(mut talk: Talk, bytes: &[u8], end: End) {
    talk.read_head();
    talk.write(bytes);
    talk.end(end);
}

pub(super) fn rows() -> Vec<Row> {
    [heads(), bodies()].concat()
}

fn heads() -> Vec<Row> {
    vec![
        serving(
            "closed after the request",
            |talk, _| answer(talk, b"", End::CloseNotify),
            CLOSED,
        ),
        serving(
            "closed after the request, without close_notify",
            |talk, _| answer(talk, b"", End::Fin),
            CLOSED_WITHOUT_NOTICE,
        ),
        serving(
            "reset after the request",
            |talk, _| answer(talk, b"", End::Reset),
            RESET,
        ),
        with_args(
            SHORT_TIMEOUT,
            serving(
                "stalled after the request",
                |talk, _| answer(talk, b"", End::Stall),
                TIMED_OUT,
            ),
        ),
        serving(
            "closed in the middle of the head",
            |talk, _| answer(talk, HALF_A_HEAD, End::CloseNotify),
            CLOSED,
        ),
        serving(
            "closed in the middle of the head, without close_notify",
            |talk, _| answer(talk, HALF_A_HEAD, End::Fin),
            CLOSED_WITHOUT_NOTICE,
        ),
        serving(
            "reset in the middle of the head",
            |talk, _| answer(talk, HALF_A_HEAD, End::Reset),
            RESET,
        ),
        with_args(
            SHORT_TIMEOUT,
            serving(
                "stalled in the middle of the head",
                |talk, _| answer(talk, HALF_A_HEAD, End::Stall),
                TIMED_OUT,
            ),
        ),
    ]
}

/// Returns an answer with this flag that ends 100 bytes early.
fn cut(flag: &[u8]) -> Vec<u8> {
    let mut answer = ok(flag);
    answer.truncate(answer.len() - 100);
    answer
}

/// Returns an answer with this flag whose end is that of the connection.
fn unframed(flag: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", flag].concat()
}

/// Reads a request, writes a part of the answer, then these bytes without encryption, and ends the connection.
fn interrupt(mut talk: Talk, flag: &[u8], raw: &[u8]) {
    talk.read_head();
    talk.write(&cut(flag));
    talk.write_raw(raw);
    talk.end(End::Fin);
}

fn bodies() -> Vec<Row> {
    vec![
        serving(
            "closed in the middle of the body",
            |talk, flag| answer(talk, &cut(flag), End::CloseNotify),
            error(
                Kind::Truncated,
                "truncated: end of file before message length reached",
            ),
        ),
        serving(
            "closed in the middle of the body, without close_notify",
            |talk, flag| answer(talk, &cut(flag), End::Fin),
            TRUNCATED,
        ),
        serving(
            "reset in the middle of the body",
            |talk, flag| answer(talk, &cut(flag), End::Reset),
            RESET,
        ),
        with_args(
            SHORT_TIMEOUT,
            serving(
                "stalled in the middle of the body",
                |talk, flag| answer(talk, &cut(flag), End::Stall),
                TIMED_OUT,
            ),
        ),
        serving(
            "closed after the body, without close_notify",
            |talk, flag| answer(talk, &ok(flag), End::Fin),
            Verdict::Saved,
        ),
        serving(
            "reset after the body",
            |talk, flag| answer(talk, &ok(flag), End::Reset),
            Verdict::Saved,
        ),
        serving(
            "a body without length, closed after it",
            |talk, flag| answer(talk, &unframed(flag), End::CloseNotify),
            Verdict::Saved,
        ),
        serving(
            "a body without length, closed after it without close_notify",
            |talk, flag| answer(talk, &unframed(flag), End::Fin),
            TRUNCATED,
        ),
        serving(
            "a body without length, closed in its middle",
            |talk, flag| answer(talk, &unframed(&flag[..200]), End::CloseNotify),
            error(
                Kind::GifCut,
                "gif_cut: the GIF ends after 200 bytes, without its trailer",
            ),
        ),
        serving(
            "a body without length, closed in its middle without close_notify",
            |talk, flag| answer(talk, &unframed(&flag[..200]), End::Fin),
            TRUNCATED,
        ),
        serving(
            "a fatal alert in the middle of the body",
            |talk, flag| interrupt(talk, flag, &[21, 3, 3, 0, 2, 2, 80]),
            UNREADABLE,
        ),
        serving(
            "bytes without encryption in the middle of the body",
            |talk, flag| interrupt(talk, flag, &flag[flag.len() - 100..]),
            NOT_TLS,
        ),
        serving(
            "a record that cannot be decrypted in the middle of the body",
            |talk, flag| interrupt(talk, flag, &[&[23, 3, 3, 0, 32][..], &[7; 32]].concat()),
            UNREADABLE,
        ),
        serving(
            "an answer in many small records",
            |mut talk, flag| {
                talk.read_head();
                for piece in ok(flag).chunks(16) {
                    talk.write(piece);
                }
                talk.end(End::CloseNotify);
            },
            Verdict::Saved,
        ),
    ]
}
