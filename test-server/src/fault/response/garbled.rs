//! Faults of the protocol: bytes that are not HTTP, malformed HTTP, or more heads and headers than a client accepts.

use crate::fault::argument::{Argument, Takes};
use crate::fault::spec::{Answer, Effect, Spec};
use crate::script::{End, Script, Step, head, last_head_for, message};

/// The most headers of `many-headers`: about 1.6 MB.
pub(crate) const MOST_HEADERS: u64 = 100_000;

/// The rate of an endless head: it floods a client, and a test with several of them does not use all of the machine.
const RATE: Takes = Takes::Number {
    of: "BYTES_A_SECOND",
    default: 10_000_000,
};

pub(in crate::fault) static SPECS: [Spec; 10] = [
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
            Answer::Script(Script::bytes(flag.bytes.clone(), End::Close))
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
            let head = head(
                flag,
                &format!("x-\0bad: yes\r\ncontent-length: {}\r\n", flag.len()),
            );
            Answer::Script(Script::bytes(message(&head, flag), End::Close))
        }),
    },
    Spec {
        name: "many-headers",
        takes: Takes::NumberUpTo {
            of: "HEADERS",
            default: 101,
            most: MOST_HEADERS,
        },
        sees: "this many headers x-0, x-1 and so on (at most 100,000) between the usual three, then the flag",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let many: String = (0..argument.number())
                .map(|n| format!("x-{n}: {n}\r\n"))
                .collect();
            let head = head(
                flag,
                &format!(
                    "{many}content-length: {}\r\nconnection: close\r\n",
                    flag.len()
                ),
            );
            Answer::Script(Script::bytes(message(&head, flag), End::Close))
        }),
    },
    Spec {
        name: "endless-headers",
        takes: RATE,
        sees: "a head that never ends, at this rate",
        effect: Effect::Answer(|argument, _| {
            repeat_for_ever("HTTP/1.1 200 OK\r\n", "x-and-another: one\r\n", argument)
        }),
    },
    Spec {
        name: "endless-1xx",
        takes: RATE,
        sees: "100 Continue, again and again, at this rate",
        effect: Effect::Answer(|argument, _| {
            repeat_for_ever("", "HTTP/1.1 100 Continue\r\n\r\n", argument)
        }),
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

fn repeat_for_ever(first: &'static str, again: &'static str, rate: &Argument) -> Answer {
    let step = Step::Forever {
        bytes: again.repeat(REPETITIONS).into(),
        bytes_a_second: rate.number(),
    };
    Answer::Script(Script::bytes(first, End::Hang).then(step))
}

/// How often a repeated text is in one buffer, so that a fast rate needs few writes.
const REPETITIONS: usize = 10_000;
