//! What happens to the bytes of one direction of a connection.

use std::time::Duration;

use crate::fault::{Argument, Fault, Tcp};
use crate::random;

/// The faults of one direction. By default, all bytes pass unchanged and at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) latency: Duration,
    pub(super) jitter: Option<Jitter>,
    pub(super) bytes_a_second: Option<u64>,
    pub(super) slices: Option<Slices>,
    /// The byte to flip, counted from 1.
    pub(super) corrupt: Option<u64>,
    /// How many bytes pass, and what happens then.
    pub(super) end: Option<(u64, End)>,
}

/// A further latency for each piece.
#[derive(Debug, Clone)]
pub(super) struct Jitter {
    most: Duration,
    seed: u64,
    /// The name of the connection in all draws.
    key: String,
}

/// The size of the pieces that are written, and the pause between two of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slices {
    pub(super) bytes: u64,
    pub(super) pause: Duration,
}

/// What happens behind the last byte that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Both connections are reset.
    Reset,
    /// This direction ends, and the other one stays.
    HalfClose,
    /// No more bytes are read from the sender.
    Stall,
}

impl Jitter {
    /// Returns the further latency of a piece, by its number.
    pub(super) fn of(&self, piece: u64) -> Duration {
        let at = random::uniform(self.seed, &format!("{}/jitter/{piece}", self.key));
        self.most.mul_f64(at)
    }
}

/// Returns the shapes that these faults give to the direction to the client and to that to the server, of a connection
/// with this name in all draws.
pub(super) fn shapes(faults: &[&Fault], seed: u64, key: &str) -> (Shape, Shape) {
    let (mut shape, mut is_upload) = (Shape::default(), false);
    for fault in faults {
        let Some(effect) = fault.tcp() else { continue };
        match (effect, fault.argument()) {
            (Tcp::Upload, _) => is_upload = true,
            (Tcp::Latency, Argument::Delay(delay)) => shape.latency = delay.of(seed, key),
            (Tcp::Latency, _) => {}
            (Tcp::Jitter, argument) => {
                shape.jitter = Some(Jitter {
                    most: argument.duration(),
                    seed,
                    key: key.to_owned(),
                });
            }
            (Tcp::Bandwidth, argument) => shape.bytes_a_second = Some(argument.number()),
            (Tcp::Slice, &Argument::Slices { bytes, pause }) => {
                shape.slices = Some(Slices { bytes, pause });
            }
            (Tcp::Slice, _) => {}
            (Tcp::Corrupt, argument) => shape.corrupt = Some(argument.number()),
            (Tcp::Reset, argument) => shape.end = Some((argument.number(), End::Reset)),
            (Tcp::HalfClose, argument) => shape.end = Some((argument.number(), End::HalfClose)),
            (Tcp::Stall, argument) => shape.end = Some((argument.number(), End::Stall)),
        }
    }
    if is_upload {
        (Shape::default(), shape)
    } else {
        (shape, Shape::default())
    }
}
