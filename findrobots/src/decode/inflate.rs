//! A gzip member decompressed piece by piece: for members that are too large to be decompressed at once, and for damaged ones.
//!
//! Everything up to the damage is passed on, to the byte, and its place is known.

use std::io::BufRead;

use flate2::{Decompress, FlushDecompress, Status};

use crate::decode::damage::{Cause, Damage};
use crate::decode::header::{of_error, read_header, read_trailer};
use crate::decode::sink::{Sink, Stopped};

/// The size of the output buffer.
const OUTPUT: usize = 256 << 10;

/// A decompressor with its output buffer, which can be used again and again.
pub(super) struct Inflater {
    inflate: Decompress,
    output: Vec<u8>,
}

/// How a member ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// With its trailer. The input stands after it.
    Whole,
    /// With a trailer that does not match the data. The input stands after it.
    WrongChecksum,
    /// Here, in the middle; nothing more can be read.
    Damaged(Cause),
}

impl Inflater {
    /// Returns a decompressor.
    pub(super) fn new() -> Self {
        Self {
            inflate: Decompress::new(false),
            output: vec![0; OUTPUT],
        }
    }

    /// Decompresses one member, with its header and trailer, and passes its data to the sink. Does not call
    /// [`Sink::cut`].
    ///
    /// # Errors
    /// If the sink stops.
    pub(super) fn member(
        &mut self,
        input: &mut impl BufRead,
        sink: &mut impl Sink,
    ) -> Result<Ended, Stopped> {
        self.inflate.reset(false);
        let mut checksum = crc32fast::Hasher::new();
        if let Err(cause) = read_header(input) {
            return Ok(Ended::Damaged(cause));
        }
        loop {
            let buffer = match input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) => return Ok(Ended::Damaged(of_error(&error))),
            };
            let at_end = buffer.is_empty();
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(buffer, &mut self.output, FlushDecompress::None);
            // Differences of at most the length of a buffer.
            let read = (self.inflate.total_in() - read) as usize;
            let written = (self.inflate.total_out() - written) as usize;
            input.consume(read);
            let output = &self.output[..written];
            checksum.update(output);
            if !output.is_empty() {
                sink.block(output)?;
            }
            match status {
                Ok(Status::StreamEnd) => break,
                Err(_) => return Ok(Ended::Damaged(Cause::Corrupt)),
                Ok(_) if at_end && written == 0 => return Ok(Ended::Damaged(Cause::Truncated)),
                Ok(_) => {}
            }
        }
        Ok(match read_trailer(input) {
            Err(cause) => Ended::Damaged(cause),
            Ok(trailer) => {
                // The trailer has the length modulo 2^32.
                let length = self.inflate.total_out() as u32;
                match (trailer.checksum, trailer.length) == (checksum.finalize(), length) {
                    true => Ended::Whole,
                    false => Ended::WrongChecksum,
                }
            }
        })
    }
}

/// Returns the damage of a member that ended in some way at this place.
pub(super) fn damage(ended: Ended, offset: u64) -> Option<Damage> {
    let cause = match ended {
        Ended::Whole => return None,
        Ended::WrongChecksum => Cause::WrongChecksum,
        Ended::Damaged(cause) => cause,
    };
    Some(Damage { offset, cause })
}
