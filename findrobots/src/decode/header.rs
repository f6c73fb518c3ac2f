//! The header and the trailer of a gzip member.
//!
//! Parsed here and not by a library because the place of a damage, and the size of a BGZF block, must be known.
//!
//! # Source
//! RFC 1952 for gzip, section 4.1 of the SAM specification for BGZF.

use std::io::{self, BufRead, Read as _};

use crate::decode::damage::Cause;

/// The first two bytes of a member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The length of the fixed part of a header, in bytes.
pub(super) const FIXED: usize = 10;

/// The length of a trailer: the checksum and the length of the data, each of four bytes.
pub(super) const TRAILER: usize = 8;

/// The length of the header of a BGZF block, up to and including the size of the block.
pub(super) const BGZF: usize = 18;

/// The method of compression, the third byte of a member.
pub(super) const DEFLATE: u8 = 8;
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Reads the header of a member, with its magic.
///
/// # Errors
/// [`Cause::Truncated`] if the file ends in it, [`Cause::Header`] if it is not valid.
pub(super) fn read_header(input: &mut impl BufRead) -> Result<(), Cause> {
    let mut fixed = [0; FIXED];
    read_exact(input, &mut fixed)?;
    let [magic_1, magic_2, method, flags, ..] = fixed;
    if [magic_1, magic_2] != MAGIC || method != DEFLATE || flags & RESERVED != 0 {
        return Err(Cause::Header);
    }
    if flags & HAS_EXTRA != 0 {
        let mut length = [0; 2];
        read_exact(input, &mut length)?;
        skip(input, u16::from_le_bytes(length).into())?;
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            skip_text(input)?;
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        skip(input, 2)?;
    }
    Ok(())
}

/// The checksum and the length that the data of a member must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    /// The CRC-32 of the data.
    pub(super) checksum: u32,
    /// The length of the data, modulo 2^32.
    pub(super) length: u32,
}

/// Reads the trailer of a member.
///
/// # Errors
/// [`Cause::Truncated`] if the file ends in it.
pub(super) fn read_trailer(input: &mut impl BufRead) -> Result<Trailer, Cause> {
    let mut bytes = [0; TRAILER];
    read_exact(input, &mut bytes)?;
    let [a, b, c, d, e, f, g, h] = bytes;
    Ok(Trailer {
        checksum: u32::from_le_bytes([a, b, c, d]),
        length: u32::from_le_bytes([e, f, g, h]),
    })
}

/// Returns the size of the BGZF block that begins with these bytes; `None` if they are something else. The extra field of the
/// header must consist of the size alone, as all known programs write it.
pub(super) fn bgzf_block_size(first: &[u8]) -> Option<u64> {
    match first.get(..BGZF)? {
        &[
            0x1f,
            0x8b,
            DEFLATE,
            HAS_EXTRA,
            _,
            _,
            _,
            _,
            _,
            _,
            6,
            0,
            b'B',
            b'C',
            2,
            0,
            low,
            high,
        ] => Some(u64::from(u16::from_le_bytes([low, high])) + 1),
        _ => None,
    }
}

fn read_exact(input: &mut impl BufRead, bytes: &mut [u8]) -> Result<(), Cause> {
    input.read_exact(bytes).map_err(|error| of_error(&error))
}

/// Returns the cause for an error of the operating system.
pub(super) fn of_error(error: &io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Cause::Truncated,
        _ => Cause::Read(error.to_string()),
    }
}

fn skip(input: &mut impl BufRead, bytes: u64) -> Result<(), Cause> {
    let skipped = io::copy(&mut input.take(bytes), &mut io::sink());
    match skipped.map_err(|error| of_error(&error))? {
        all if all == bytes => Ok(()),
        _ => Err(Cause::Truncated),
    }
}

/// Skips a text that ends with a NUL.
fn skip_text(input: &mut impl BufRead) -> Result<(), Cause> {
    loop {
        let buffer = input.fill_buf().map_err(|error| of_error(&error))?;
        let (length, end) = (buffer.len(), memchr::memchr(0, buffer));
        input.consume(end.map_or(length, |end| end + 1));
        match (end, length) {
            (Some(_), _) => return Ok(()),
            (None, 0) => return Err(Cause::Truncated),
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optional_part_of_a_header_is_skipped() {
        let flags = HAS_CHECKSUM | HAS_EXTRA | HAS_NAME | HAS_COMMENT;
        let mut header = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        header.extend_from_slice(b"\x03\0abcname\0comment\0\x01\x02rest");
        let mut input = &header[..];
        assert_eq!(read_header(&mut input), Ok(()));
        assert_eq!(input, b"rest");
        for length in 0..header.len() - b"rest".len() {
            let cut = read_header(&mut &header[..length]);
            assert_eq!(cut, Err(Cause::Truncated), "{length}");
        }
    }

    #[test]
    fn another_method_and_reserved_flags_are_refused() {
        let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        assert_eq!(read_header(&mut &header[..]), Ok(()));
        for (place, value) in [(0, 0x1e), (1, 0x8a), (2, 7), (3, 0x20), (3, 0x80)] {
            let mut header = header;
            header[place] = value;
            assert_eq!(read_header(&mut &header[..]), Err(Cause::Header));
        }
    }
}
