//! The format of a file, from its first bytes.

use std::path::Path;

/// The number of first bytes that decide.
pub(crate) const SNIFFED: usize = 1024;

/// What files of these formats begin with; bzip2 has one more byte, a digit.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const BZIP2: &[u8] = b"BZh";
const XZ: &[u8] = b"\xfd7zXZ\0";

/// The format of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Not compressed.
    Plain,
    /// gzip, with one or more members.
    Gzip,
    /// Blocked gzip: small members whose headers hold their sizes, so that a file can be read at several places.
    Bgzf,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Not text, although the name says that it is compressed, in none of the known formats.
    Unknown,
}

impl Format {
    /// Returns the format of a file with these first bytes. `is_compressed_name` is whether its name says that it is
    /// compressed; such a file may still be plain text.
    pub(crate) fn of(first: &[u8], is_compressed_name: bool) -> Self {
        match first {
            [0x1f, 0x8b, ..] if is_bgzf(first) => Self::Bgzf,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame, with which parallel compressors begin.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [] => Self::Plain,
            // Cut in the bytes that tell the format. It must not turn into text without robots either.
            _ if is_compressed_name && ZSTD.starts_with(first) => Self::Zstd,
            _ if is_compressed_name && BZIP2.starts_with(first) => Self::Bzip2,
            _ if is_compressed_name && XZ.starts_with(first) => Self::Xz,
            [0x1f] if is_compressed_name => Self::Gzip,
            // A damaged header must not turn a file into text without robots.
            _ if is_compressed_name && first[..first.len().min(SNIFFED)].contains(&0) => {
                Self::Unknown
            }
            _ => Self::Plain,
        }
    }
}

/// Returns whether the header of a gzip member is that of a BGZF block.
fn is_bgzf(first: &[u8]) -> bool {
    super::header::bgzf_block_size(first).is_some()
}

/// Returns whether the name says that the file is compressed.
pub(crate) fn is_compressed_name(path: &Path) -> bool {
    let suffix = path.extension().map(|suffix| suffix.to_ascii_lowercase());
    let suffixes = ["gz", "bgz", "bgzf", "zst", "bz2", "xz"];
    suffix.is_some_and(|suffix| suffixes.iter().any(|known| suffix == *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide_and_the_name_only_if_they_say_nothing() {
        for (first, format) in [
            (&b"\x1f\x8b\x08\x00"[..], Format::Gzip),
            (b"\x1f\x8b", Format::Gzip),
            (b"\x1f", Format::Gzip),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x51\x2a\x4d\x18", Format::Zstd),
            (b"\x28\xb5\x2f", Format::Zstd),
            (b"BZh91AY", Format::Bzip2),
            (b"BZh", Format::Bzip2),
            (b"BZh0", Format::Plain),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"\xfd", Format::Xz),
            (b"1.2.3.4 - - [", Format::Plain),
            (b"", Format::Plain),
        ] {
            assert_eq!(Format::of(first, true), format, "{first:?}");
        }
        for cut in [&b"\x1f"[..], b"\x28", b"BZh", b"\xfd7zXZ"] {
            assert_eq!(Format::of(cut, false), Format::Plain, "{cut:?}");
        }
        assert_eq!(Format::of(b"\x1f\x8a\x08\0", true), Format::Unknown);
        assert_eq!(Format::of(b"\x1f\x8a\x08\0", false), Format::Plain);
    }

    #[test]
    fn the_suffix_says_whether_a_file_is_compressed() {
        for (name, is_compressed) in [
            ("a.log.gz", true),
            ("a.GZ", true),
            ("a.log.zst", true),
            ("a.log", false),
            ("gz", false),
        ] {
            assert_eq!(is_compressed_name(Path::new(name)), is_compressed, "{name}");
        }
    }
}
