//! The names of flags on disk, and which of them are complete.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! an existing file or link of that name and never writes through a link. Knows nothing of HTTP.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use program::Files;

use crate::country::CountryCode;
use crate::download::gif::GifCheck;

/// The files of this program.
pub(crate) const FILES: Files = Files::of("flags");

/// The number of bytes of an existing flag that are read at a time.
const PIECE: usize = 64 << 10;

/// Returns the path of the flag of `code` if a complete flag of at most `size_limit` bytes is there.
pub(crate) fn find_complete_flag(
    folder: &Path,
    code: CountryCode,
    size_limit: u64,
) -> Option<PathBuf> {
    let path = flag_path(folder, code);
    // Checked before the file is opened: opening a pipe would block until another program writes to it.
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > size_limit {
        return None;
    }
    let mut file = File::open(&path).ok()?.take(size_limit);
    let (mut check, mut bytes) = (GifCheck::default(), vec![0; PIECE]);
    loop {
        match file.read(&mut bytes).ok()? {
            0 => return check.finish().ok().map(|()| path),
            read => check.feed(&bytes[..read]),
        }
    }
}

/// Returns the path of the flag of `code`, whether it is there or not.
pub(super) fn flag_path(folder: &Path, code: CountryCode) -> PathBuf {
    folder.join(code.lower()).with_extension("gif")
}
