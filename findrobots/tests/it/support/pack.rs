//! Compressed files, byte for byte.

use std::io::Write as _;

use flate2::{Compression, Crc};

/// The empty block that ends a BGZF file.
pub(crate) const BGZF_END: &[u8] =
    b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\x1b\0\x03\0\0\0\0\0\0\0\0\0";

/// Returns one gzip member.
pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    gzip_after(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", data, 6)
}

/// Returns a gzip member with this header.
pub(crate) fn gzip_after(header: &[u8], data: &[u8], level: u32) -> Vec<u8> {
    let mut member = header.to_vec();
    member.extend(deflate(data, level));
    member.extend(trailer(data));
    member
}

/// Returns the data of a gzip member, without header and trailer. Level 0 stores it.
pub(crate) fn deflate(data: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Returns the trailer of a gzip member.
pub(crate) fn trailer(data: &[u8]) -> [u8; 8] {
    let mut checksum = Crc::new();
    checksum.update(data);
    let mut trailer = [0; 8];
    trailer[..4].copy_from_slice(&checksum.sum().to_le_bytes());
    trailer[4..].copy_from_slice(&checksum.amount().to_le_bytes());
    trailer
}

/// Returns one block of BGZF.
pub(crate) fn bgzf_block(data: &[u8], level: u32) -> Vec<u8> {
    let header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\0\0";
    let mut block = gzip_after(header, data, level);
    let size = u16::try_from(block.len() - 1).unwrap();
    block[16..18].copy_from_slice(&size.to_le_bytes());
    block
}

/// Returns the blocks of a BGZF file with this many bytes of data in each, without the block that ends it.
pub(crate) fn bgzf_blocks(data: &[u8], size: usize, level: u32) -> Vec<Vec<u8>> {
    let blocks = data.chunks(size);
    blocks.map(|data| bgzf_block(data, level)).collect()
}

/// Returns a BGZF file.
pub(crate) fn bgzf(data: &[u8], size: usize) -> Vec<u8> {
    [&bgzf_blocks(data, size, 6).concat(), BGZF_END].concat()
}

/// Returns one Zstandard frame with a checksum.
pub(crate) fn zstd(data: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Returns one bzip2 stream.
pub(crate) fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Returns one xz stream of this preset.
pub(crate) fn xz(data: &[u8], preset: u32) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), preset);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}
