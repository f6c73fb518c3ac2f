//! Sequences: other faults, one step per attempt.

use crate::fault::argument::Takes;
use crate::fault::spec::{Effect, Spec};

pub(super) static SPECS: [Spec; 1] = [Spec {
    name: "seq",
    takes: Takes::Steps,
    sees: "a step per attempt, then the last one again: ok, a status or other faults, as in seq(503,reset,429,ok)",
    effect: Effect::Sequence,
}];
