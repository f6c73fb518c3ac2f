//! What a worker reads at a time: a file, or a part of a large one.

use serde::{Deserialize, Serialize};

use super::file::LogFile;
use crate::decode::Damage;

/// A file, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    /// The position of the file in the list of files.
    pub(super) index: usize,
    /// The file.
    pub(super) file: LogFile,
    /// The part.
    pub(super) part: Part,
}

/// A part of a file. Its lines are those that begin in it, except that the line in which it begins belongs to the part before,
/// unless it is the beginning of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// All of it, in a format that its first bytes tell.
    Whole,
    /// Plain text, from one place to another.
    Plain {
        /// The place of the first byte.
        start: u64,
        /// The place after the last byte.
        end: u64,
    },
    /// Whole blocks of BGZF, from one place to another.
    Bgzf {
        /// The place of the first byte.
        start: u64,
        /// The place after the last byte.
        end: u64,
    },
    /// Any gzip members: what is between blocks of BGZF, or follows the last one.
    Gzip {
        /// The place of the first byte.
        start: u64,
        /// The place after the last byte.
        end: u64,
        /// Whether the file ends there.
        is_last: bool,
    },
}

/// What was read of a piece.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PieceReport {
    /// The position of the file in the list of files.
    pub(super) index: usize,
    /// The bytes read from the file.
    pub(super) compressed: u64,
    /// The bytes of text.
    pub(super) decompressed: u64,
    /// The number of lines that were skipped because they are too long.
    pub(super) too_long: u64,
    /// The first places that are damaged.
    pub(super) damage: Vec<Damage>,
    /// The number of further places that are damaged.
    pub(super) more_damage: u64,
    /// The place of bytes after the last gzip member that were ignored.
    pub(super) garbage: Option<u64>,
    /// The reason why the file could not be opened.
    pub(super) unopened: Option<String>,
    /// Whether the run was stopped before the end of the piece.
    pub(super) stopped: bool,
}
