//! Which flags on disk are complete.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! an existing file or link of that name and never writes through a link. Knows nothing of HTTP.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use program::Files;

use crate::download::gif::GifCheck;
use crate::item::{Check, Item};

/// The files of this program.
pub(crate) const FILES: Files = Files::of("flags");

/// The number of bytes of an existing flag that are read at a time.
const PIECE: usize = 64 << 10;

/// Returns the path of `item` if it is a GIF and a complete one of at most `size_limit` bytes is there. Whether another
/// file is complete cannot be known without a request.
pub(crate) fn find_complete_flag(folder: &Path, item: &Item, size_limit: u64) -> Option<PathBuf> {
    if item.check() != Check::Gif {
        return None;
    }
    let path = folder.join(item.file_name());
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
