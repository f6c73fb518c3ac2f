//! All members of a gzip file, with zero padding after them.

use std::io::{self, BufRead, Read};

use memchr::memmem;

use crate::decode::damage::{Cause, Damage};
use crate::decode::header::{DEFLATE, TRAILER, of_error};
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

impl Found {
    /// Adds what was found in a later part of the file.
    pub(crate) fn add(&mut self, later: Self) {
        self.damage.extend(later.damage);
        self.garbage = later.garbage;
    }

    /// Notes that the bytes from this place on are not a member. They are ignored, unless a member follows them: then one before
    /// it is lost.
    fn not_a_member(&mut self, place: u64, is_followed: bool, sink: &mut impl Sink) {
        if is_followed {
            self.damage.push(Damage {
                offset: place,
                cause: Cause::Header,
            });
            sink.cut();
        } else {
            self.garbage = Some(place);
        }
    }

    /// Notes that more of the file follows the bytes that were read, so that none of them may be ignored.
    pub(crate) fn is_followed(&mut self, sink: &mut impl Sink) {
        if let Some(place) = self.garbage.take() {
            self.not_a_member(place, true, sink);
        }
    }
}

/// Reads the members in `buffers.input` after its first `skipped` bytes. It holds a whole file.
///
/// # Errors
/// If the sink stops.
pub(crate) fn read_gzip_at_once(
    buffers: &mut Buffers,
    skipped: usize,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    let Buffers {
        input,
        output,
        decompressor,
        inflater,
    } = buffers;
    let mut memory = Memory {
        most: MEMORY.saturating_sub(input.len()),
        output,
        decompressor: decompressor.as_mut(),
        inflater,
    };
    read_members(&input[skipped..], skipped as u64, &mut memory, sink)
}

/// What members in memory are decompressed with.
pub(super) struct Memory<'b> {
    /// The size up to which `output` may grow.
    pub(super) most: usize,
    pub(super) output: &'b mut Vec<u8>,
    pub(super) decompressor: Option<&'b mut Decompressor>,
    pub(super) inflater: &'b mut Inflater,
}

/// Reads the members of `input`, the bytes of a file from `offset` on.
///
/// # Errors
/// If the sink stops.
pub(super) fn read_members(
    input: &[u8],
    offset: u64,
    memory: &mut Memory<'_>,
    sink: &mut impl Sink,
) -> Result<Found, Stopped> {
    let mut found = Found::default();
    let mut rest = input;
    let place = |rest: &[u8]| offset + (input.len() - rest.len()) as u64;
    // What a file begins with is a member, even a damaged one. Anything may follow a member.
    let mut is_first = offset == 0;
    loop {
        match next_member(rest) {
            _ if is_first => {}
            Next::Member(skipped) => {
                rest = &rest[skipped..];
            }
            Next::End => break,
            Next::Garbage(skipped) => {
                let garbage = &rest[skipped..];
                found.not_a_member(place(garbage), has_member(garbage), sink);
                break;
            }
        }
        is_first = false;
        let decompressor = memory.decompressor.as_deref_mut();
        match at_once(decompressor, rest, memory.output, memory.most) {
            Some((compressed, decompressed)) => {
                rest = &rest[compressed..];
                pass(&memory.output[..decompressed], sink)?;
            }
            None => {
                let ended = memory.inflater.member(&mut rest, sink)?;
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
    match is_member(&rest[zeros..]) {
        true => Next::Member(zeros),
        false => Next::Garbage(zeros),
    }
}

/// The number of bytes that decide whether a member begins with them.
const DECIDING: usize = 3;

/// Returns whether bytes after a member are another one, which may be cut or damaged: if one of the first three bytes is wrong, it
/// must not be ignored with all that follows. Other bytes look like that once in 32,768 files.
fn is_member(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1f] | [0x1f, 0x8b, ..] | [0x1f, _, DEFLATE, ..] | [_, 0x8b, DEFLATE, ..]
    )
}

/// Returns whether some of the bytes look like the header of a member. Others look like that once in 128 MB.
fn has_member(bytes: &[u8]) -> bool {
    let magic = [0x1f, 0x8b, DEFLATE];
    memmem::find_iter(bytes, &magic).any(|at| bytes.get(at + 3).is_some_and(|flags| *flags < 0x20))
}

/// Returns whether some of the bytes that come look like the header of a member.
fn stream_has_member(mut input: impl Read) -> bool {
    let mut bytes = Vec::new();
    loop {
        let read = (&mut input).take(256 << 10).read_to_end(&mut bytes);
        if has_member(&bytes) {
            return true;
        }
        if !read.is_ok_and(|read| read > 0) {
            return false;
        }
        // A header may begin in the last bytes.
        bytes.drain(..bytes.len().saturating_sub(DECIDING));
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
        let first = match is_first {
            true => Ok(Vec::new()),
            false => skip_zeros(&mut input),
        };
        let first = match first {
            Ok(first) if is_first || is_member(&first) => first,
            Ok(first) if first.is_empty() => break,
            Ok(first) => {
                let place = offset + input.read - first.len() as u64;
                let is_followed = stream_has_member(first.chain(&mut input));
                found.not_a_member(place, is_followed, sink);
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
        };
        is_first = false;
        let mut member = first.chain(&mut input);
        let ended = buffers.inflater.member(&mut member, sink)?;
        let is_over = matches!(ended, Ended::Damaged(_));
        found.damage.extend(damage(ended, offset + input.read));
        if is_over {
            sink.cut();
            break;
        }
    }
    Ok(found)
}

/// Skips zeros, and returns the next bytes, as many as decide whether they are another member. Returns none at the end.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    loop {
        let buffer = input.fill_buf()?;
        let (length, zeros) = (buffer.len(), buffer.iter().position(|byte| *byte != 0));
        input.consume(zeros.unwrap_or(length));
        if zeros.is_some() || length == 0 {
            break;
        }
    }
    let mut first = Vec::new();
    input.take(DECIDING as u64).read_to_end(&mut first)?;
    Ok(first)
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
