//! The blocks of a BGZF file: gzip members of at most 64 KiB whose headers hold their sizes, so that several workers can read one
//! file.

use std::io::{self, Cursor, Read};

use memchr::memmem;

use crate::decode::damage::{Cause, Damage};
use crate::decode::gzip::{Buffers, Found, MEMORY, Memory, read_gzip, read_members};
use crate::decode::header::{BGZF, bgzf_block_size};
use crate::decode::inflate::{Ended, Inflater, damage};
use crate::decode::sink::{BLOCK, Sink, Stopped};

/// The largest size of the data of a block.
const MAX_BLOCK: usize = 64 << 10;

/// The number of bytes in which the next block is searched at a time, after something else.
const SEARCHED: usize = 256 << 10;

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
    /// Whether all bytes belong to whole blocks. If not, the piece must be read as any gzip file.
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
        let mut block = self.block_size(start);
        while let Some(length) = block
            && self.place - start < size
        {
            let next = self.place + length;
            block = self.block_size(next);
            // If something else follows, it may be the size of this block that is wrong.
            if block.is_none() && next != self.length {
                break;
            }
            self.place = next;
        }
        let is_whole = self.place > start;
        if !is_whole {
            self.place = self.find_block(start + 1).unwrap_or(self.length);
        }
        (start < self.length).then_some(BgzfPiece {
            start,
            end: self.place,
            is_whole,
        })
    }

    /// Returns the place of the first block from `place` on.
    fn find_block(&mut self, mut place: u64) -> Option<u64> {
        let mut bytes = vec![0; SEARCHED];
        loop {
            let read = (self.read_at)(&mut bytes, place).ok()?;
            if let Some(found) = find_block(&bytes[..read]) {
                return Some(place + found as u64);
            }
            if read < SEARCHED {
                return None;
            }
            // A header may begin in the last bytes.
            place += (SEARCHED - BGZF) as u64;
        }
    }

    fn block_size(&mut self, place: u64) -> Option<u64> {
        let mut header = [0; BGZF];
        let read = (self.read_at)(&mut header, place).ok()?;
        bgzf_block_size(&header[..read])
    }
}

/// Reads the blocks in `buffers.input`, the bytes of a file from `offset` on, and what is between them. A damaged block costs only
/// itself. Returns also the length of what was read: after it, anything may follow.
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
    loop {
        let place = offset + (input.len() - rest.len()) as u64;
        let block = bgzf_block_size(rest).and_then(|size| rest.split_at_checked(size as usize));
        // If something else follows, it may be the size of this block that is wrong.
        let is_block = |after: &[u8]| after.is_empty() || bgzf_block_size(after).is_some();
        let Some((mut block, after)) = block.filter(|(_, after)| is_block(after)) else {
            // Other members, or a block whose header is damaged. If blocks follow, these are read.
            let next = rest.get(1..).and_then(find_block);
            let Some(next) = next else { break };
            let (other, after) = rest.split_at(next + 1);
            rest = after;
            sink.block(&output[..filled])?;
            filled = 0;
            let mut memory = Memory {
                most: MEMORY - BLOCK,
                output,
                decompressor: decompressor.as_mut(),
                inflater,
            };
            let mut of_other = read_members(other, place, &mut memory, sink)?;
            of_other.is_followed(sink);
            found.add(of_other);
            continue;
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
                let damage = read_damaged(&mut block, place, inflater, sink)?;
                found.damage.extend(damage);
            }
        }
    }
    sink.block(&output[..filled])?;
    Ok((found, input.len() - rest.len()))
}

/// Reads a BGZF file from a stream.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_bgzf(
    mut input: impl Read,
    buffers: &mut Buffers,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    let (mut found, mut offset) = (Found::default(), 0);
    let mut some = vec![0; BLOCK];
    buffers.input.clear();
    // Blocks are read as soon as they have come. What is not a block within this length is something else.
    while buffers.input.len() < 2 * MAX_BLOCK {
        // An error comes again when the rest is read.
        let read = input.read(&mut some).unwrap_or(0);
        if read == 0 {
            break;
        }
        buffers.input.extend_from_slice(&some[..read]);
        let (of_blocks, length) = read_blocks(buffers, offset, sink)?;
        found.add(of_blocks);
        offset += length as u64;
        buffers.input.drain(..length);
    }
    let rest = Cursor::new(std::mem::take(&mut buffers.input)).chain(input);
    found.add(read_gzip(rest, offset, buffers, sink)?);
    Ok(found)
}

/// Reads what can be read of a block at this place. Returns what is wrong with it.
fn read_damaged(
    block: &mut &[u8],
    place: u64,
    inflater: &mut Inflater,
    sink: &mut impl Sink,
) -> Result<Option<Damage>, Stopped> {
    let length = block.len();
    let ended = match inflater.member(block, sink)? {
        // All of the block is there, but its data does not end in it.
        Ended::Damaged(Cause::Truncated) => Ended::Damaged(Cause::Corrupt),
        Ended::Whole if !block.is_empty() => Ended::Damaged(Cause::Corrupt),
        ended => ended,
    };
    if let Ended::Damaged(_) = ended {
        sink.cut();
    }
    Ok(damage(ended, place + (length - block.len()) as u64))
}

/// Returns the place of the first block in these bytes.
fn find_block(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b"\x1f\x8b\x08\x04")
        .find(|at| bgzf_block_size(&bytes[*at..]).is_some())
}
