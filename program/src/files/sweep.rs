//! Removes what dead runs left behind, and nothing that belongs to a user.
//!
//! A folder is removed if the file in it marks it as ours; its name alone proves nothing. A temporary file cannot be
//! marked, because it becomes an ordinary file under another name, so its name must be one that only this program gives.
//! Both must be unlocked: a run that is alive holds the lock. What a later run can go on with stays.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::partial::{key_of, sweep_partial};
use super::temporary::{MARK, MARK_TEXT, remove_content};
use super::{Files, SUFFIX};

/// The number of letters and digits that `tempfile` appends to the name of a folder.
const RANDOM_LENGTH: usize = 6;

/// Removes the temporary files and folders of dead runs. Those that cannot be removed stay; they do no harm. Returns the
/// keys of the partial files that a run can go on with.
pub(super) fn sweep(folder: &Path, files: Files) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut partials = BTreeSet::new();
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        partials.extend(key_of(name.as_encoded_bytes(), files));
        // An error is another run's sweep that was faster, or a file of another user.
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_file() && is_temporary(&name, files) => remove_file(&path),
            Ok(kind) if kind.is_dir() => match random_part(&name, files) {
                Some(random) => remove_folder(&path, random),
                None => Ok(()),
            },
            _ => Ok(()),
        };
    }
    let partials = partials.into_iter();
    partials
        .filter(|key| sweep_partial(files, folder, *key))
        .collect()
}

/// Removes the file if it is not locked. The lock is held meanwhile: a run that cannot lock its new file makes another.
fn remove_file(path: &Path) -> io::Result<()> {
    let file = open_file(path)?;
    match file.try_lock() {
        Ok(()) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// Removes the folder with its content if it is marked and not locked, or if it is empty and its name has the length that
/// a run gives: that run was killed before it could mark it.
fn remove_folder(path: &Path, random: &[u8]) -> io::Result<()> {
    match open_file(&path.join(MARK)) {
        Ok(mark) if is_mark(&mark)? && mark.try_lock().is_ok() => {
            remove_content(path)?;
            fs::remove_dir_all(path)
        }
        Ok(_) => Ok(()),
        Err(_) if random.len() == RANDOM_LENGTH => fs::remove_dir(path),
        Err(_) => Ok(()),
    }
}

/// Returns whether the file has the content of a mark.
fn is_mark(file: &File) -> io::Result<bool> {
    let mut text = Vec::new();
    // One byte more than a mark has, so that a longer file is none.
    file.take(MARK_TEXT.len() as u64 + 1)
        .read_to_end(&mut text)?;
    Ok(text == MARK_TEXT)
}

/// Opens an ordinary file. Neither follows a link nor waits for the other end of a pipe, which another user may have put
/// there since the folder was read.
fn open_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Returns whether this is the name of a temporary file, such as `.flags-123-a1B2c3.tmp`.
fn is_temporary(name: &OsStr, files: Files) -> bool {
    let (prefix, name) = (files.prefix(), name.as_encoded_bytes());
    let middle = name
        .strip_prefix(prefix.as_bytes())
        .and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
    let dash = |middle: &[u8]| middle.iter().position(|byte| *byte == b'-');
    middle.is_some_and(|middle| match dash(middle) {
        Some(dash) => {
            let (process, random) = (&middle[..dash], &middle[dash + 1..]);
            is_all(process, u8::is_ascii_digit) && is_all(random, u8::is_ascii_alphanumeric)
        }
        None => false,
    })
}

/// Returns the random part of the name of a temporary folder, or `None` for another name.
fn random_part(name: &OsStr, files: Files) -> Option<&[u8]> {
    let random = name
        .as_encoded_bytes()
        .strip_prefix(files.folder_prefix().as_bytes())?;
    is_all(random, u8::is_ascii_alphanumeric).then_some(random)
}

/// Returns whether there are bytes and all of them belong to a class.
fn is_all(bytes: &[u8], belongs: fn(&u8) -> bool) -> bool {
    !bytes.is_empty() && bytes.iter().all(belongs)
}
