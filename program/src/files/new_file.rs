//! A file under construction: it has a temporary name until it is complete.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{WriteError, parent_folder};

/// A file that has a temporary name until [`finish`](Self::finish) gives it its own. Dropping it removes it.
#[derive(Debug)]
pub struct NewFile {
    pub(super) target: PathBuf,
    pub(super) temporary: NamedTempFile,
    /// Whether the bytes and the name must be on the disk before the file counts as finished.
    pub(super) is_synced: bool,
}

impl NewFile {
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

    /// Gives the file its name, where it replaces an existing file or link. Blocks.
    ///
    /// # Errors
    /// If the system reports that the bytes could not be written after all, or if the file cannot be renamed. No
    /// temporary file is left behind.
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
        self.temporary.persist(&self.target)?;
        match self.is_synced {
            true => sync_folder(parent_folder(&self.target)),
            false => Ok(()),
        }
    }
}

/// Closes a copy of the descriptor. Some file systems, NFS among them, report only then that a write has failed, and
/// dropping a file ignores that. The descriptor itself stays open: it holds the lock until the file has its name.
#[cfg(unix)]
fn report_late_errors(file: &File) -> io::Result<()> {
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
fn report_late_errors(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// If the folder cannot be opened or synced.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Does nothing: folders cannot be opened on this system.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
