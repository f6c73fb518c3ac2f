//! Faults of the protocol: bytes that are not HTTP, malformed HTTP, or more heads and headers than a client accepts.

use std::time::Duration;

use axum::body::Bytes;

use crate::fault::argument::Takes;
use crate::fault::spec::{Answer, Effect, Spec};
use crate::script::{End, Script, Step, head, last_head_for, message};

/// The pause between repeated pieces: short enough to flood a client, long enough not to load the machine.
const FLOOD: Duration = Duration::from_millis(1);

pub(super) static SPECS: [Spec; 10] = [
    Spec {
        name: "garbage",
        takes: Takes::Nothing,
        sees: "bytes that are nothing, then the connection is closed",
        effect: Effect::Answer(|_, _| {
            raw_bytes(b"\x00\xff\x13\x37 this is not the protocol you are looking for \xfe\x00\x07")
        }),
    },
    Spec {
        name: "http09",
        takes: Takes::Nothing,
        sees: "the flag without any head, as in 1991",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            Answer::Script(Script::bytes(flag.clone(), End::Close))
        }),
    },
    Spec {
        name: "tls-alert",
        takes: Takes::Nothing,
        sees: "a TLS alert: handshake failure",
        effect: Effect::Answer(|_, _| raw_bytes(b"\x15\x03\x03\x00\x02\x02\x28")),
    },
    Spec {
        name: "ssh-banner",
        takes: Takes::Nothing,
        sees: "the greeting of an SSH server",
        effect: Effect::Answer(|_, _| raw_bytes(b"SSH-2.0-OpenSSH_9.2\r\n")),
    },
    Spec {
        name: "bad-status-line",
        takes: Takes::Nothing,
        sees: "a status line whose status is no number and whose reason is an escape sequence",
        effect: Effect::Answer(|_, _| raw_bytes(b"HTTP/1.1 abc \x1b[31mred\r\n\r\n")),
    },
    Spec {
        name: "bad-header",
        takes: Takes::Nothing,
        sees: "a header with a NUL in its name, then the flag",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            let head = head(&format!(
                "x-\0bad: yes\r\ncontent-length: {}\r\n",
                flag.len()
            ));
            Answer::Script(Script::bytes(message(&head, flag), End::Close))
        }),
    },
    Spec {
        name: "many-headers",
        takes: Takes::Number {
            of: "HEADERS",
            default: 101,
        },
        sees: "so many more headers than usual, at most 100,000, then the flag",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let many: String = (0..argument.number().min(100_000))
                .map(|n| format!("x-{n}: {n}\r\n"))
                .collect();
            let head = head(&format!(
                "{many}content-length: {}\r\nconnection: close\r\n",
                flag.len()
            ));
            Answer::Script(Script::bytes(message(&head, flag), End::Close))
        }),
    },
    Spec {
        name: "endless-headers",
        takes: Takes::Nothing,
        sees: "a head that never ends",
        effect: Effect::Answer(|_, _| {
            repeat_for_ever("HTTP/1.1 200 OK\r\n", "x-and-another: one\r\n")
        }),
    },
    Spec {
        name: "endless-1xx",
        takes: Takes::Nothing,
        sees: "100 Continue, again and again",
        effect: Effect::Answer(|_, _| repeat_for_ever("", "HTTP/1.1 100 Continue\r\n\r\n")),
    },
    Spec {
        name: "early-hints",
        takes: Takes::Nothing,
        sees: "103 Early Hints, then the flag: not a fault, and not every client can take it",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            let hints =
                "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n".to_owned();
            let bytes = message(&(hints + &last_head_for(flag)), flag);
            Answer::Script(Script::bytes(bytes, End::Close))
        }),
    },
];

fn raw_bytes(bytes: &'static [u8]) -> Answer {
    Answer::Script(Script::bytes(bytes, End::Close))
}

fn repeat_for_ever(first: &'static str, again: &'static str) -> Answer {
    let step = Step::Forever {
        bytes: Bytes::from_static(again.as_bytes()),
        every: FLOOD,
    };
    Answer::Script(Script::bytes(first, End::Hang).then(step))
}
