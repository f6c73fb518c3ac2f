//! Timing faults: the answer is correct but comes late, or only after failed attempts.

use std::time::Duration;

use crate::fault::argument::{Argument, Takes};
use crate::fault::spec::{Effect, FaultContext, Spec, Wait};

pub(super) static SPECS: [Spec; 4] = [
    Spec {
        name: "delay",
        takes: Takes::Delay,
        sees: "the answer comes this much later",
        effect: Effect::Wait(delay),
    },
    Spec {
        name: "hold",
        takes: Takes::Number {
            of: "REQUESTS",
            default: 0,
        },
        sees: "no answer before this many requests have been in flight at once; from then on nothing waits",
        effect: Effect::Wait(hold),
    },
    Spec {
        name: "read-slowly",
        takes: Takes::Number {
            of: "BYTES_A_SECOND",
            default: 0,
        },
        sees: "the body of the request is read at this rate, and the answer comes after it",
        effect: Effect::ReadSlowly,
    },
    Spec {
        name: "transient",
        takes: Takes::Number {
            of: "ATTEMPTS",
            default: 0,
        },
        sees: "the faults beside it for this many attempts at a code, then the flag",
        effect: Effect::FirstAttempts,
    },
];

fn delay(argument: &Argument, context: &FaultContext<'_>) -> Wait {
    match argument {
        Argument::Delay(delay) => Wait::For(delay.of(context.seed, context.key)),
        _ => Wait::For(Duration::ZERO),
    }
}

fn hold(argument: &Argument, _: &FaultContext<'_>) -> Wait {
    Wait::InFlight(usize::try_from(argument.number()).unwrap_or(usize::MAX))
}
