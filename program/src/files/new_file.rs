//! A file under construction: it has a temporary name until it is complete.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::folder::OpenFolder;
use super::tree::rename_below;
use super::{WriteError, parent_folder};

/// A file that has a temporary name until [`finish`](Self::finish) gives it its own. Dropping it removes it.
#[derive(Debug)]
pub struct NewFile {
    pub(super) target: PathBuf,
    /// The part of `target` below the folder of the temporary file, if that is in subfolders.
    pub(super) below: Option<PathBuf>,
    pub(super) temporary: NamedTempFile,
    /// Whether the bytes and the name must be on the disk before the file counts as finished.
    pub(super) is_synced: bool,
}

impl NewFile {
    /// Returns the name that the file has in its folder until it is finished.
    pub fn temporary_name(&self) -> Option<&str> {
        self.temporary.path().file_name()?.to_str()
    }

    /// Appends these bytes. Blocks.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        // Written directly to the file: `NamedTempFile` would add the temporary name to each error, and no two errors
        // would be equal.
        let written = self.temporary.as_file_mut().write_all(bytes);
        written.map_err(|source| WriteError {
            path: self.target.clone(),
            source,
        })
    }

    /// Gives the file its name, where it replaces an existing file or link. Blocks: for small files a thread pool costs more
    /// than the disk (1.4 times the wall time, twice the CPU time).
    ///
    /// # Errors
    /// If the system reports that the bytes could not be written after all, or if the file cannot be renamed. If the file is
    /// synced, also if its folder cannot be: the file may then be in its place already. No temporary file is left behind.
    pub fn finish(self) -> Result<(), WriteError> {
        let path = self.target.clone();
        self.put_in_place()
            .map_err(|source| WriteError { path, source })
    }

    fn put_in_place(self) -> io::Result<()> {
        let file = self.temporary.as_file();
        if self.is_synced {
            file.sync_all()?;
        }
        report_late_errors(file)?;
        if let Some(below) = &self.below {
            // Held until the file has its name: it holds the lock.
            let (_file, temporary) = self.temporary.keep()?;
            let root = parent_folder(&temporary);
            return rename_or_remove(&temporary, |from| {
                rename_below(from, root, below, self.is_synced)
            });
        }
        // Opened before the rename: an error afterwards would be that of a file that is in its place.
        let folder = match self.is_synced {
            true => Some(OpenFolder::open(parent_folder(&self.target))?),
            false => None,
        };
        self.temporary.persist(&self.target)?;
        folder.map_or(Ok(()), |folder| folder.sync())
    }
}

/// Renames a temporary file. If that fails, removes it.
pub(super) fn rename_or_remove(
    temporary: &Path,
    rename: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    rename(temporary).inspect_err(|_| {
        // If it cannot be removed, either, the sweep of the next run does it.
        let _ = fs::remove_file(temporary);
    })
}

/// Closes a copy of the descriptor. Some file systems, NFS among them, report only then that a write has failed, and
/// dropping a file ignores that. The descriptor itself stays open: it holds the lock until the file has its name.
#[cfg(unix)]
pub(super) fn report_late_errors(file: &File) -> io::Result<()> {
    use nix::errno::Errno;
    loop {
        // Without a descriptor to spare, the error of the last close is lost, as it is for most programs.
        let Ok(copy) = file.try_clone() else {
            return Ok(());
        };
        match nix::unistd::close(copy) {
            Err(Errno::EINTR) => {}
            closed => return closed.map_err(io::Error::from),
        }
    }
}

/// Does nothing: this system reports the errors of writes at once.
#[cfg(not(unix))]
pub(super) fn report_late_errors(_file: &File) -> io::Result<()> {
    Ok(())
}
