//! Temporary files and folders, locked while a run uses them.
//!
//! Other users may read the folder of a user, and a user who can open a file can lock it. So nothing here waits for a lock.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use super::{Files, MAX_TRIES};

/// The name of the file that marks a temporary folder as one of ours.
pub(super) const MARK: &str = ".temporary";

/// The content of that file. A folder with another name or another content in it belongs to the user.
pub(super) const MARK_TEXT: &[u8] =
    b"The folder of a run. If no program has locked this file, the next run removes the folder.\n";

/// The name of the subfolder that a run may fill. The mark is not in it, so a run sees an empty folder.
const CONTENT: &str = "content";

/// A folder that no other run uses, on the same disk as its parent, which only its owner can enter. It is locked, and
/// dropping it removes it with its content. What cannot be removed stays, with the mark, for the sweep of a later run.
#[derive(Debug)]
pub struct TemporaryFolder {
    content: PathBuf,
    folder: TempDir,
    /// The lock that sweeps check.
    _mark: File,
}

impl TemporaryFolder {
    /// Creates a temporary folder inside `parent`.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(super) fn new_in(parent: &Path, files: Files) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_new_in(parent, files) {
                // A sweep removes a folder that is still empty.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < MAX_TRIES => {}
                created => return created,
            }
        }
    }

    fn try_new_in(parent: &Path, files: Files) -> io::Result<Self> {
        let mut builder = Builder::new();
        let prefix = files.folder_prefix();
        builder.prefix(&prefix);
        #[cfg(unix)]
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        #[cfg(unix)]
        builder.permissions(private);
        let folder = builder.tempdir_in(parent)?;
        let mut mark = File::options()
            .write(true)
            .create_new(true)
            .open(folder.path().join(MARK))?;
        // Locked before it is a mark, so that no sweep finds it unlocked. Only the owner can open it.
        let _ = mark.try_lock();
        mark.write_all(MARK_TEXT)?;
        let content = folder.path().join(CONTENT);
        fs::create_dir(&content)?;
        Ok(Self {
            content,
            folder,
            _mark: mark,
        })
    }

    /// Returns the path of the empty folder for the content.
    pub fn path(&self) -> &Path {
        &self.content
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if remove_content(self.folder.path()).is_err() {
            self.folder.disable_cleanup(true);
        }
    }
}

/// Removes the content of a temporary folder. Comes before the mark is removed: a run that is killed meanwhile leaves a
/// folder that a sweep recognises.
pub(super) fn remove_content(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder.join(CONTENT)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Locks a new temporary file, so that no sweep removes it. Returns whether that succeeded and the file still exists.
///
/// A sweep may have locked or removed the file after it was created. So may another user, who could hold the lock for
/// ever: the caller then makes another file instead of waiting.
pub(super) fn is_kept(file: &File, path: &Path) -> bool {
    // Without file locks, sweeps remove nothing, so other errors do not matter.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && fs::symlink_metadata(path).is_ok()
}
