//! Temporary files and folders: locked while a run uses them, swept when that run is dead.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::{Builder, TempDir};

use super::{Files, MAX_TRIES, SUFFIX};

/// Removes the temporary files and folders of dead runs. Those that cannot be removed stay; they do no harm.
pub(super) fn sweep(folder: &Path, files: Files) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let remove: fn(&Path) -> io::Result<()> = match entry.file_type() {
            Ok(kind) if kind.is_file() && is_temporary(&name, files) => {
                |path| fs::remove_file(path)
            }
            Ok(kind) if kind.is_dir() && is_temporary_folder(&name, files) => {
                |path| fs::remove_dir_all(path)
            }
            _ => continue,
        };
        // Removed under the lock: a run that finds its new file locked here waits and then sees that the file is gone.
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            let _ = remove(&path);
        }
    }
}

fn is_temporary(name: &OsStr, files: Files) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(files.prefix().as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

fn is_temporary_folder(name: &OsStr, files: Files) -> bool {
    name.as_encoded_bytes()
        .starts_with(files.folder_prefix().as_bytes())
}

/// A folder that no other run uses, on the same disk as its parent. It is locked, and dropping it removes it with its
/// content.
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    /// The lock that sweeps check. On a system where folders cannot be opened or locked, no sweep removes them.
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// Creates a temporary folder inside `parent`.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(super) fn new_in(parent: &Path, files: Files) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            let folder = Builder::new()
                .prefix(&files.folder_prefix())
                .tempdir_in(parent)?;
            let lock = File::open(folder.path()).ok();
            tries += 1;
            if is_kept(lock.as_ref(), folder.path()) || tries == MAX_TRIES {
                return Ok(Self {
                    folder,
                    _lock: lock,
                });
            }
        }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Locks a new temporary file or folder, so that no sweep removes it. Returns whether it still exists: a sweep may have
/// removed it after it was created and before it was locked.
pub(super) fn is_kept(file: Option<&File>, path: &Path) -> bool {
    // Without file locks, sweeps remove nothing, so other errors do not matter.
    let locked = match file.map(File::try_lock) {
        Some(Err(TryLockError::WouldBlock)) => file.is_some_and(|file| file.lock().is_ok()),
        _ => true,
    };
    locked && fs::symlink_metadata(path).is_ok()
}
