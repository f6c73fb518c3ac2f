//! Faults of pace: every byte is correct, but they come a few at a time.

use std::time::Duration;

use axum::body::Bytes;

use crate::fault::argument::Takes;
use crate::fault::spec::{Answer, Effect, Spec};
use crate::script::{End, Script, Step, last_head_for};

pub(super) static SPECS: [Spec; 3] = [
    Spec {
        name: "slow-head",
        takes: Takes::Duration {
            default: Duration::from_millis(20),
        },
        sees: "the head one byte after another, this far apart; then the flag at once",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let head = last_head_for(flag);
            let script = Script::empty(End::Close).then(byte_by_byte(head, argument.duration()));
            Answer::Script(script.then(Step::Write(flag.clone())))
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
            Answer::Script(script.then(byte_by_byte(flag.clone(), argument.duration())))
        }),
    },
    Spec {
        name: "bandwidth",
        takes: Takes::Number {
            of: "BYTES_A_SECOND",
            default: 0,
        },
        sees: "the head at once; then the body at this rate",
        effect: Effect::AnswerWithFlag(|argument, _, flag| {
            let script = Script::bytes(last_head_for(flag), End::Close);
            Answer::Script(script.then(at_rate(flag.clone(), argument.number())))
        }),
    },
];

fn byte_by_byte(bytes: impl Into<Bytes>, every: Duration) -> Step {
    Step::Drip {
        bytes: bytes.into(),
        at_a_time: 1,
        every,
    }
}

/// Sends 50 pieces a second, or single bytes if a piece would be less than one byte.
fn at_rate(bytes: Bytes, bytes_a_second: u64) -> Step {
    let at_a_time = (bytes_a_second / 50).max(1);
    let every = Duration::from_secs_f64(at_a_time as f64 / bytes_a_second as f64);
    Step::Drip {
        bytes,
        at_a_time: usize::try_from(at_a_time).unwrap_or(usize::MAX),
        every,
    }
}
