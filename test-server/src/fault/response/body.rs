//! Faults of the body: 200 with correct framing and a body that is not the flag.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use http_body::Frame;

use crate::fault::argument::{Argument, Takes};
use crate::fault::spec::{Answer, Effect, FaultContext, Spec};
use crate::script::cut;

pub(in crate::fault) static SPECS: [Spec; 7] = [
    Spec {
        name: "html",
        takes: Takes::Nothing,
        sees: "200 and a page, as from a captive portal",
        effect: Effect::Answer(|_, _| {
            let page =
                "<!doctype html><title>Welcome</title><p>Please log in to use this network.</p>\n";
            Answer::Http(([(CONTENT_TYPE, "text/html")], page).into_response())
        }),
    },
    Spec {
        name: "gif-cut",
        takes: Takes::Number {
            of: "BYTES",
            default: 200,
        },
        sees: "200 and only the first bytes of the flag, which the length agrees with",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let kept = cut(flag, argument.number());
            Answer::Http(flag.with_body(kept))
        }),
    },
    Spec {
        name: "gif-trailing",
        takes: Takes::Nothing,
        sees: "200 and the flag with a comment of HTML behind its end",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            let both = [&flag[..], &b"<!-- served by a cheap host -->"[..]].concat();
            Answer::Http(flag.with_body(both))
        }),
    },
    Spec {
        name: "corrupt",
        takes: Takes::Number {
            of: "BYTE",
            default: 100,
        },
        sees: "200 and the flag with all bits of this byte flipped, counted from 1, or else of the last one",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let mut bytes = flag.to_vec();
            flip(&mut bytes, argument.number());
            Answer::Http(flag.with_body(bytes))
        }),
    },
    Spec {
        name: "huge",
        takes: Takes::Number {
            of: "BYTES",
            default: 64 << 20,
        },
        sees: "200 and a body of this many bytes, announced",
        effect: Effect::Answer(|argument, _| {
            let length = argument.number();
            let headers = [
                (CONTENT_TYPE, "image/gif".to_owned()),
                (CONTENT_LENGTH, length.to_string()),
            ];
            Answer::Http((headers, Body::new(Filler { left: Some(length) })).into_response())
        }),
    },
    Spec {
        name: "endless",
        takes: Takes::Nothing,
        sees: "200 and a body that never ends",
        effect: Effect::Answer(|_, _| {
            let body = Body::new(Filler { left: None });
            Answer::Http(([(CONTENT_TYPE, "image/gif")], body).into_response())
        }),
    },
    Spec {
        name: "gzip-bomb",
        takes: Takes::Nothing,
        sees: "200 and 64 KB of gzip that unpack to 64 MiB",
        effect: Effect::Answer(gzip_bomb),
    },
];

/// Flips all bits of the byte with this number, counted from 1, or of the last byte.
fn flip(bytes: &mut [u8], number: u64) {
    let last = bytes.len().saturating_sub(1);
    let at = usize::try_from(number - 1).map_or(last, |at| at.min(last));
    if let Some(byte) = bytes.get_mut(at) {
        *byte = !*byte;
    }
}

/// A body of meaningless bytes: `left` more of them, or endless if `None`.
struct Filler {
    left: Option<u64>,
}

static CHUNK: [u8; 16 << 10] = [b'x'; 16 << 10];

impl http_body::Body for Filler {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let size = match self.left {
            Some(0) => return Poll::Ready(None),
            Some(left) => usize::try_from(left).map_or(CHUNK.len(), |left| left.min(CHUNK.len())),
            None => CHUNK.len(),
        };
        self.left = self.left.map(|left| left - size as u64);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK[..size])))))
    }
}

/// Packed at build time: at the first request it would hold up all others.
static GZIP_BOMB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bomb.gz"));

fn gzip_bomb(_: &Argument, _: &FaultContext<'_>) -> Answer {
    let headers = [(CONTENT_TYPE, "image/gif"), (CONTENT_ENCODING, "gzip")];
    Answer::Http((headers, Bytes::from_static(GZIP_BOMB)).into_response())
}
