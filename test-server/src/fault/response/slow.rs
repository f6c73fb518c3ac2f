//! Faults of pace: every byte is correct, but they come a few at a time.

use std::time::Duration;

use axum::body::Bytes;

use crate::fault::argument::Takes;
use crate::fault::spec::{Answer, Effect, Spec};
use crate::script::{End, Script, Step, last_head_for};

pub(in crate::fault) static SPECS: [Spec; 3] = [
    Spec {
        name: "slow-head",
        takes: Takes::Duration {
            default: Duration::from_millis(20),
        },
        sees: "the head one byte after another, this far apart; then the flag at once",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let head = last_head_for(flag);
            let script = Script::empty(End::Close).then(byte_by_byte(head, argument.duration()));
            Answer::Script(script.then(Step::Write(flag.bytes.clone())))
        }),
    },
    Spec {
        name: "drip",
        takes: Takes::Duration {
            default: Duration::from_millis(20),
        },
        sees: "the head at once; then the body one byte after another, this far apart",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let script = Script::bytes(last_head_for(flag), End::Close);
            Answer::Script(script.then(byte_by_byte(flag.bytes.clone(), argument.duration())))
        }),
    },
    Spec {
        name: "bandwidth",
        takes: Takes::Number {
            of: "BYTES_A_SECOND",
            default: 0,
        },
        sees: "the head at once; then the body at this rate, from its first byte",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let script = Script::bytes(last_head_for(flag), End::Close);
            Answer::Script(script.then(Step::AtRate {
                bytes: flag.bytes.clone(),
                bytes_a_second: argument.number(),
            }))
        }),
    },
];

fn byte_by_byte(bytes: impl Into<Bytes>, every: Duration) -> Step {
    Step::Drip {
        bytes: bytes.into(),
        every,
    }
}
