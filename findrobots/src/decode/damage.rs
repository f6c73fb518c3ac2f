//! What cannot be read of a file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place from which a file, or a block of it, cannot be read as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The number of bytes of the file, as it is on disk, before the place at which a decoder noticed the damage.
    pub offset: u64,
    /// The cause.
    pub cause: Cause,
}

/// Why a file cannot be read from some place on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The file ends in the middle of compressed data.
    Truncated,
    /// The compressed data is not valid.
    Corrupt,
    /// The data does not have the checksum or the length that it had when it was compressed. It was used all the same.
    WrongChecksum,
    /// The header of a gzip member is not valid.
    Header,
    /// The name says that the file is compressed, but it is neither that nor text.
    UnknownFormat,
    /// The operating system, or a library that decompresses, reported an error.
    Read(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the file is truncated",
            Self::Corrupt => "the compressed data is corrupt",
            Self::WrongChecksum => {
                "wrong checksum: some of its lines, which were used, may be wrong"
            }
            Self::Header => "the gzip header is corrupt",
            Self::UnknownFormat => "not gzip, zstd, bzip2 or xz, and not text",
            Self::Read(message) => message,
        })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.cause, self.offset)
    }
}
