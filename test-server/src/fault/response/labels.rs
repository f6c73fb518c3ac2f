//! Faults of labels: the head says of the body what is not true.

use axum::body::Bytes;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::IntoResponse as _;

use crate::fault::argument::{Argument, Takes};
use crate::fault::spec::{Answer, Effect, Spec};
use crate::script::{Content, cut};

pub(in crate::fault) static SPECS: [Spec; 4] = [
    Spec {
        name: "content-type",
        takes: Takes::Text,
        sees: "200 and the flag with this Content-Type",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            labelled(flag, &[(CONTENT_TYPE, argument)])
        }),
    },
    Spec {
        name: "content-encoding",
        takes: Takes::Text,
        sees: "200 and the flag as it is, with this Content-Encoding, such as gzip",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            labelled(flag, &[(CONTENT_ENCODING, argument)])
        }),
    },
    Spec {
        name: "wrong-charset",
        takes: Takes::Nothing,
        sees: "200 and a text in ISO 8859-1 that calls itself UTF-8",
        effect: Effect::Answer(|_, _| {
            let text = &b"caf\xe9, na\xefve, \xa320\n"[..];
            Answer::Http(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
        }),
    },
    Spec {
        name: "gzip-cut",
        takes: Takes::Number {
            of: "BYTES",
            default: 200,
        },
        sees: "200 and only the first bytes of the flag in gzip, which the length agrees with",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let mut response = flag.with_body(cut(&gzip_without_trailer(flag), argument.number()));
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
            Answer::Http(response)
        }),
    },
];

/// Returns the flag with these headers beside, or instead of, its Content-Type.
fn labelled(flag: &Content, labels: &[(HeaderName, &Argument)]) -> Answer {
    let mut response = flag.with_body(flag.bytes.clone());
    for (name, argument) in labels {
        let Argument::Text(text) = argument else {
            continue;
        };
        // Without control characters, which the parser refuses, every text is the value of a header.
        if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
            response.headers_mut().insert(name, value);
        }
    }
    Answer::Http(response)
}

/// The most bytes in a stored block.
const LONGEST_BLOCK: usize = 0xffff;

/// Returns these bytes as a gzip stream (RFC 1952) of stored blocks (RFC 1951, section 3.2.4), without its checksum.
fn gzip_without_trailer(bytes: &[u8]) -> Bytes {
    let mut gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff".to_vec();
    let mut blocks = bytes.chunks(LONGEST_BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        gzip.push(u8::from(blocks.peek().is_none()));
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
        gzip.extend(block);
    }
    gzip.into()
}
