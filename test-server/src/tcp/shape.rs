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

/// A further latency for each block of bytes.
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

/// The bytes that share a draw of [`Jitter`].
const JITTER_BLOCK: u64 = 64;

impl Shape {
    /// Returns whether all bytes pass unchanged and at once.
    pub(super) fn changes_nothing(&self) -> bool {
        let Self {
            latency,
            jitter: None,
            bytes_a_second: None,
            slices: None,
            corrupt: None,
            end: None,
        } = self
        else {
            return false;
        };
        latency.is_zero()
    }
}

impl Jitter {
    /// Returns the further latencies of this many bytes that begin at this position of the stream, each with the number of
    /// bytes that share it.
    ///
    /// A draw depends on the position alone, so it does not matter in which pieces the system delivers the bytes.
    pub(super) fn of(&self, mut position: u64, bytes: usize) -> Vec<(usize, Duration)> {
        let mut latencies = Vec::new();
        let mut rest = bytes;
        while rest > 0 {
            let block = position / JITTER_BLOCK;
            let left = (block + 1) * JITTER_BLOCK - position;
            let length = usize::try_from(left).map_or(rest, |left| left.min(rest));
            let draw = random::uniform(self.seed, &format!("{}/jitter/{block}", self.key));
            latencies.push((length, self.most.mul_f64(draw)));
            rest -= length;
            position += length as u64;
        }
        latencies
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jitter_of_a_byte_does_not_depend_on_the_pieces_in_which_it_arrives() {
        let jitter = Jitter {
            most: Duration::from_millis(20),
            seed: 7,
            key: "connection 1".to_owned(),
        };
        // Returns the further latency of each of 1,000 bytes.
        let each_byte = |longest: usize| {
            let mut all = Vec::new();
            while all.len() < 1000 {
                let piece = longest.min(1000 - all.len());
                for (length, further) in jitter.of(all.len() as u64, piece) {
                    all.extend(std::iter::repeat_n(further, length));
                }
            }
            all
        };
        let whole = each_byte(1000);
        let draws: std::collections::BTreeSet<_> = whole.iter().collect();
        assert_eq!(draws.len(), 16, "{draws:?}");
        for longest in [1, 3, 64, 65, 700] {
            assert_eq!(each_byte(longest), whole, "in pieces of {longest} bytes");
        }
    }
}
