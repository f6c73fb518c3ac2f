//! Which files on disk are complete.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! an existing file or link of that name and never writes through a link. Knows nothing of HTTP.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use program::{Files, open_below};

use crate::download::content::ContentCheck;
use crate::item::{Check, Item};

/// The files of this program.
pub(crate) const FILES: Files = Files::of("flags");

/// The number of bytes of an existing file that are read at a time.
const PIECE: usize = 64 << 10;

/// Returns the path of `item` if a file of at most `size_limit` bytes is there that is known to be complete: a complete GIF
/// if it must be one, and of the size and the checksum in the list. Of a file of which none of this is known, only a
/// request can tell. Blocks while it reads the file.
pub(crate) fn find_complete_file(folder: &Path, item: &Item, size_limit: u64) -> Option<PathBuf> {
    let (is_gif, expected) = (item.check() == Check::Gif, item.expected());
    if !is_gif && expected.is_empty() {
        return None;
    }
    let name = item.file_name();
    let path = folder.join(&name);
    let opened = match name.contains('/') {
        true => Some(open_below(folder, Path::new(&name)).ok()?),
        false => None,
    };
    let metadata = match &opened {
        Some(file) => file.metadata(),
        // Checked before the file is opened: opening a pipe would block until another program writes to it.
        None => fs::metadata(&path),
    };
    let metadata = metadata.ok()?;
    let length = metadata.len();
    let has_size = length <= size_limit && expected.size.is_none_or(|size| size == length);
    if !metadata.is_file() || !has_size {
        return None;
    }
    if !is_gif && expected.sha256.is_none() {
        return Some(path);
    }
    let file = match opened {
        Some(file) => file,
        None => File::open(&path).ok()?,
    };
    let mut file = file.take(size_limit);
    let (mut check, mut bytes) = (ContentCheck::of(item), vec![0; PIECE]);
    loop {
        match file.read(&mut bytes).ok()? {
            0 => return check.finish().ok().map(|()| path),
            read => check.feed(&bytes[..read]),
        }
    }
}
