//! Faults below HTTP, for connections of any protocol.

use std::time::Duration;

use crate::fault::argument::Takes;
use crate::fault::spec::{Effect, Spec, Tcp};

const AFTER: Takes = Takes::Count {
    of: "BYTES",
    default: 0,
};

pub(super) static SPECS: [Spec; 9] = [
    Spec {
        name: "tcp-latency",
        takes: Takes::Delay,
        sees: "with --tcp: all bytes arrive this much later, drawn for each connection",
        effect: Effect::Tcp(Tcp::Latency),
    },
    Spec {
        name: "tcp-jitter",
        takes: Takes::Duration {
            default: Duration::from_millis(20),
        },
        sees: "with --tcp: bytes arrive up to this much later, in order, drawn for each 64 bytes of the stream",
        effect: Effect::Tcp(Tcp::Jitter),
    },
    Spec {
        name: "tcp-bandwidth",
        takes: Takes::Number {
            of: "BYTES_A_SECOND",
            default: 0,
        },
        sees: "with --tcp: bytes arrive at this rate on each connection",
        effect: Effect::Tcp(Tcp::Bandwidth),
    },
    Spec {
        name: "tcp-slice",
        takes: Takes::Slices,
        sees: "with --tcp: at most this many bytes arrive at once, the next ones this much later",
        effect: Effect::Tcp(Tcp::Slice),
    },
    Spec {
        name: "tcp-corrupt",
        takes: Takes::Number {
            of: "BYTE",
            default: 0,
        },
        sees: "with --tcp: all bits of this byte are flipped, counted from 1",
        effect: Effect::Tcp(Tcp::Corrupt),
    },
    Spec {
        name: "tcp-reset",
        takes: AFTER,
        sees: "with --tcp: the connection is reset after this many bytes",
        effect: Effect::Tcp(Tcp::Reset),
    },
    Spec {
        name: "tcp-half-close",
        takes: AFTER,
        sees: "with --tcp: after this many bytes this direction is closed, and the other one stays",
        effect: Effect::Tcp(Tcp::HalfClose),
    },
    Spec {
        name: "tcp-stall",
        takes: AFTER,
        sees: "with --tcp: after this many bytes nothing more arrives, and the connection stays",
        effect: Effect::Tcp(Tcp::Stall),
    },
    Spec {
        name: "tcp-upload",
        takes: Takes::Nothing,
        sees: "with --tcp: the faults beside it concern the bytes from the client, not those to it",
        effect: Effect::Tcp(Tcp::Upload),
    },
];
