//! All members of a gzip file, with zero padding after them.

use std::io::{self, BufRead, Read};

use crate::decode::damage::Damage;
use crate::decode::header::{MAGIC, TRAILER, of_error};
use crate::decode::inflate::{Ended, Inflater, damage};
use crate::decode::libdeflate::{Decompressor, Failed};
use crate::decode::sink::{Sink, Stopped, pass};

/// The most memory for the compressed and the decompressed bytes of a file together. What needs more is decompressed piece by
/// piece.
pub(crate) const MEMORY: usize = 64 << 20;

/// The largest ratio of decompressed to compressed bytes that DEFLATE can reach.
const MAX_RATIO: usize = 1032;

/// The memory that a worker uses again for each file.
pub(crate) struct Buffers {
    /// Compressed bytes.
    pub(crate) input: Vec<u8>,
    /// Decompressed bytes.
    pub(super) output: Vec<u8>,
    /// `None` if there is no memory for one; then everything is decompressed piece by piece.
    pub(super) decompressor: Option<Decompressor>,
    pub(super) inflater: Inflater,
}

impl Buffers {
    /// Returns empty buffers.
    pub(crate) fn new() -> Self {
        Self {
            input: Vec::new(),
            output: Vec::new(),
            decompressor: Decompressor::new(),
            inflater: Inflater::new(),
        }
    }
}

/// What was found while reading a file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What cannot be read, in the order of the file.
    pub(crate) damage: Vec<Damage>,
    /// The place of bytes after the last member that are neither zeros nor a member, and are ignored.
    pub(crate) garbage: Option<u64>,
}

/// Reads the members in `buffers.input` after its first `skipped` bytes. It holds the bytes of a file from `offset` to its end.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_gzip_at_once(
    buffers: &mut Buffers,
    skipped: usize,
    offset: u64,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    let mut found = Found::default();
    let Buffers {
        input,
        output,
        decompressor,
        inflater,
    } = buffers;
    let most = MEMORY.saturating_sub(input.len());
    let mut rest = &input[skipped..];
    let place = |rest: &[u8]| offset + (input.len() - rest.len()) as u64;
    // What a file begins with is a member, even a damaged one. Anything may follow a member.
    let mut is_first = offset == 0 && skipped == 0;
    loop {
        match next_member(rest) {
            _ if is_first => {}
            Next::Member(skipped) => {
                rest = &rest[skipped..];
            }
            Next::End => break,
            Next::Garbage(skipped) => {
                found.garbage = Some(place(&rest[skipped..]));
                break;
            }
        }
        is_first = false;
        match at_once(decompressor.as_mut(), rest, output, most) {
            Some((compressed, decompressed)) => {
                rest = &rest[compressed..];
                pass(&output[..decompressed], sink)?;
            }
            None => {
                let ended = inflater.member(&mut rest, sink)?;
                let is_over = matches!(ended, Ended::Damaged(_));
                found.damage.extend(damage(ended, place(rest)));
                if is_over {
                    sink.cut();
                    break;
                }
            }
        }
    }
    Ok(found)
}

/// Decompresses the first member of `input` into `output`, which grows up to `most` bytes. Returns the sizes of the member, or
/// `None` if it is too large or damaged.
fn at_once(
    decompressor: Option<&mut Decompressor>,
    input: &[u8],
    output: &mut Vec<u8>,
    most: usize,
) -> Option<(usize, usize)> {
    let decompressor = decompressor?;
    // The length at the end of the file is that of the last member, and only modulo 2^32; mostly it is the only one.
    let length = input.get(input.len().checked_sub(TRAILER / 2)?..)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    // No more than that can come out of this many bytes, so a wrong length reserves no memory.
    let possible = input.len().saturating_mul(MAX_RATIO).max(1 << 10);
    if length > most && length <= possible {
        return None;
    }
    let mut size = length.max(input.len() * 4).min(possible).min(most);
    loop {
        if output.len() < size {
            output.resize(size, 0);
        }
        let available = output.len().min(most);
        match decompressor.member(input, &mut output[..available]) {
            Ok(sizes) => return Some((sizes.compressed, sizes.decompressed)),
            Err(Failed::TooSmall) if available < most => size = (available * 2).min(most),
            Err(Failed::TooSmall | Failed::BadData) => return None,
        }
    }
}

/// What follows a member.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Another member, after this many zeros.
    Member(usize),
    /// The end, or zeros up to it.
    End,
    /// Something else, after this many zeros.
    Garbage(usize),
}

fn next_member(rest: &[u8]) -> Next {
    let Some(zeros) = rest.iter().position(|byte| *byte != 0) else {
        return Next::End;
    };
    match rest[zeros..].starts_with(&MAGIC) {
        true => Next::Member(zeros),
        false => Next::Garbage(zeros),
    }
}

/// Reads the members of a file whose bytes come from `input`, from the byte `offset` of the file to its end, piece by piece.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_gzip(
    input: impl Read,
    offset: u64,
    buffers: &mut Buffers,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    let mut found = Found::default();
    let mut input = Counted {
        inner: io::BufReader::with_capacity(256 << 10, input),
        read: 0,
    };
    // What a file begins with is a member, even a damaged one. Anything may follow a member.
    let mut is_first = offset == 0;
    loop {
        let next = match is_first {
            true => Ok(Next::Member(0)),
            false => skip_to_next(&mut input),
        };
        is_first = false;
        match next {
            Ok(Next::Member(_)) => {}
            Ok(Next::End) => break,
            Ok(Next::Garbage(_)) => {
                found.garbage = Some(offset + input.read);
                break;
            }
            Err(error) => {
                found.damage.push(Damage {
                    offset: offset + input.read,
                    cause: of_error(&error),
                });
                sink.cut();
                break;
            }
        }
        let ended = buffers.inflater.member(&mut input, sink)?;
        let is_over = matches!(ended, Ended::Damaged(_));
        found.damage.extend(damage(ended, offset + input.read));
        if is_over {
            sink.cut();
            break;
        }
    }
    Ok(found)
}

/// Skips zeros, and returns what follows. It counts as another member if its first two bytes do; of two bytes that are in
/// different buffers, the first decides.
fn skip_to_next(input: &mut impl BufRead) -> io::Result<Next> {
    loop {
        let buffer = input.fill_buf()?;
        let (length, next) = (buffer.len(), next_member(buffer));
        match next {
            Next::End if length == 0 => return Ok(Next::End),
            Next::End => input.consume(length),
            Next::Garbage(zeros) if buffer[zeros..] == MAGIC[..1] => {
                input.consume(zeros);
                return Ok(Next::Member(zeros));
            }
            Next::Member(zeros) | Next::Garbage(zeros) => {
                input.consume(zeros);
                return Ok(next);
            }
        }
    }
}

/// Counts the bytes that are consumed.
struct Counted<R> {
    inner: io::BufReader<R>,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.read += bytes as u64;
        self.inner.consume(bytes);
    }
}
