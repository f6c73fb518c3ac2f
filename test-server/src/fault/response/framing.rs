//! Faults of framing: the flag is complete, but the head states a wrong length for it.

use crate::fault::argument::Takes;
use crate::fault::spec::{Answer, Effect, Spec};
use crate::script::{Content, End, Script, head, message};

pub(in crate::fault) static SPECS: [Spec; 6] = [
    Spec {
        name: "length-short",
        takes: Takes::Number {
            of: "BYTES",
            default: 100,
        },
        sees: "a Content-Length this many bytes too small, then all of the flag",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let length = (flag.len() as u64).saturating_sub(argument.number());
            flag_with_framing(&length_line(length), flag, End::Close)
        }),
    },
    Spec {
        name: "length-long",
        takes: Takes::Number {
            of: "BYTES",
            default: 100,
        },
        sees: "a Content-Length this many bytes too large, then the flag, and the connection stays",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let length = (flag.len() as u64).saturating_add(argument.number());
            flag_with_framing(&length_line(length), flag, End::Hang)
        }),
    },
    Spec {
        name: "length-absurd",
        takes: Takes::Number {
            of: "BYTES",
            default: 1_000_000_000_000,
        },
        sees: "this Content-Length, a terabyte, then the flag, and the connection stays",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            flag_with_framing(&length_line(argument.number()), flag, End::Hang)
        }),
    },
    Spec {
        name: "length-malformed",
        takes: Takes::Nothing,
        sees: "a Content-Length that is no number (-5)",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            flag_with_framing("content-length: -5\r\n", flag, End::Close)
        }),
    },
    Spec {
        name: "length-twice",
        takes: Takes::Nothing,
        sees: "two Content-Lengths that differ by one",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            let length = flag.len() as u64;
            flag_with_framing(
                &(length_line(length) + &length_line(length + 1)),
                flag,
                End::Close,
            )
        }),
    },
    Spec {
        name: "bad-chunk",
        takes: Takes::Nothing,
        sees: "a chunked body whose first chunk has the size zz",
        effect: Effect::AnswerWithFlag(|_, _, flag| {
            let head = head(flag, "transfer-encoding: chunked\r\n") + "zz\r\n";
            Answer::Script(Script::bytes(message(&head, flag), End::Close))
        }),
    },
];

fn length_line(length: u64) -> String {
    format!("content-length: {length}\r\n")
}

fn flag_with_framing(framing: &str, flag: &Content, end: End) -> Answer {
    Answer::Script(Script::bytes(message(&head(flag, framing), flag), end))
}
