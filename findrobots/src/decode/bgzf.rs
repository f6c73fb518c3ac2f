//! The blocks of a BGZF file: gzip members of at most 64 KiB whose headers hold their sizes, so that several workers can read one
//! file.

use std::io;

use crate::decode::damage::{Cause, Damage};
use crate::decode::gzip::{Buffers, Found};
use crate::decode::header::{BGZF, bgzf_block_size};
use crate::decode::inflate::{Ended, damage};
use crate::decode::sink::{BLOCK, Sink, Stopped};

/// The largest size of the data of a block.
const MAX_BLOCK: usize = 64 << 10;

/// Finds the pieces of a BGZF file, from the headers of its blocks, without decompressing them.
#[derive(Debug)]
pub(crate) struct BgzfBlocks<F> {
    /// Reads some bytes at a place of the file. Returns fewer at its end.
    read_at: F,
    /// The place of the next block.
    place: u64,
    /// The length of the file.
    length: u64,
}

/// A part of a BGZF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BgzfPiece {
    /// The place of the first byte.
    pub(crate) start: u64,
    /// The place after the last byte.
    pub(crate) end: u64,
    /// Whether all bytes belong to whole blocks. If not, this is the last piece, which must be read as any gzip file.
    pub(crate) is_whole: bool,
}

impl<F: FnMut(&mut [u8], u64) -> io::Result<usize>> BgzfBlocks<F> {
    /// Returns the finder for a file of this length, from a block that begins at this place.
    pub(crate) fn from(read_at: F, place: u64, length: u64) -> Self {
        Self {
            read_at,
            place,
            length,
        }
    }

    /// Returns the next piece, of at least `size` bytes unless the file or its chain of blocks ends; `None` at the end of the
    /// file.
    pub(crate) fn next_piece(&mut self, size: u64) -> Option<BgzfPiece> {
        let start = self.place;
        while self.place < self.length && self.place - start < size {
            match self.block_size() {
                Some(size) if size <= self.length - self.place => self.place += size,
                // Something else follows, or the last block is cut. Blocks before it are a piece of their own.
                _ if self.place > start => break,
                _ => {
                    self.place = self.length;
                    return Some(BgzfPiece {
                        start,
                        end: self.length,
                        is_whole: false,
                    });
                }
            }
        }
        (self.place > start).then_some(BgzfPiece {
            start,
            end: self.place,
            is_whole: true,
        })
    }

    fn block_size(&mut self) -> Option<u64> {
        let mut header = [0; BGZF];
        let read = (self.read_at)(&mut header, self.place).ok()?;
        bgzf_block_size(&header[..read])
    }
}

/// Reads the whole blocks at the beginning of `buffers.input`, the bytes of a file from `offset` on. A damaged block costs only
/// itself. Returns also the length of these blocks.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_blocks(
    buffers: &mut Buffers,
    offset: u64,
    sink: &mut impl Sink,
) -> Result<(Found, usize), Stopped> {
    let mut found = Found::default();
    let Buffers {
        input,
        output,
        decompressor,
        inflater,
    } = buffers;
    if output.len() < BLOCK {
        output.resize(BLOCK, 0);
    }
    let (mut rest, mut filled) = (&input[..], 0);
    while let Some(size) = bgzf_block_size(rest) {
        let place = offset + (input.len() - rest.len()) as u64;
        let Some((mut block, after)) = rest.split_at_checked(size as usize) else {
            break;
        };
        rest = after;
        if filled + MAX_BLOCK > BLOCK {
            sink.block(&output[..filled])?;
            filled = 0;
        }
        let sizes = decompressor.as_mut().and_then(|decompressor| {
            decompressor
                .member(block, &mut output[filled..filled + MAX_BLOCK])
                .ok()
        });
        // A member that ends before its block does is followed by something that no reader would find.
        match sizes.filter(|sizes| sizes.compressed == block.len()) {
            Some(sizes) => filled += sizes.decompressed,
            None => {
                sink.block(&output[..filled])?;
                filled = 0;
                let length = block.len();
                let ended = inflater.member(&mut block, sink)?;
                let place = place + (length - block.len()) as u64;
                if let Ended::Damaged(_) = ended {
                    sink.cut();
                }
                let unread = Damage {
                    offset: place,
                    cause: Cause::Corrupt,
                };
                let leftover = (ended == Ended::Whole && !block.is_empty()).then_some(unread);
                found.damage.extend(damage(ended, place).or(leftover));
            }
        }
    }
    sink.block(&output[..filled])?;
    Ok((found, input.len() - rest.len()))
}
