//! Folders: how they are created, and how the names in them get onto the disk.

use std::fs;
#[cfg(unix)]
use std::fs::File;
use std::io;
use std::path::Path;

use super::parent_folder;

/// Creates a folder and its parents if they are missing. With `is_synced`, waits until the names of those that were missing
/// are on the disk.
pub(super) fn create_folder(folder: &Path, is_synced: bool) -> io::Result<()> {
    let is_missing = |folder: &&Path| *folder != Path::new("") && !folder.exists();
    let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
    fs::create_dir_all(folder).map_err(|error| explain_folder_error(folder, error))?;
    match is_synced {
        true => missing
            .into_iter()
            .map(parent_folder)
            .try_for_each(sync_folder),
        false => Ok(()),
    }
}

/// Replaces the error for a folder that cannot be created by one that names the problem. "File exists" and "No such
/// file" are correct for a file or a link in its place, but do not help the user.
fn explain_folder_error(folder: &Path, error: io::Error) -> io::Error {
    match (error.kind(), fs::read_link(folder)) {
        (io::ErrorKind::AlreadyExists, Ok(target)) => {
            let message = format!(
                "it is a link to {}, which is not a folder",
                target.display()
            );
            io::Error::new(io::ErrorKind::NotADirectory, message)
        }
        // The name exists, and it is not a folder, because then there would be no error.
        (io::ErrorKind::AlreadyExists, Err(_)) => io::ErrorKind::NotADirectory.into(),
        _ => error,
    }
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// If the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    OpenFolder::open(folder)?.sync()
}

/// A folder whose names can be synced.
#[cfg(unix)]
pub(super) struct OpenFolder(File);

#[cfg(unix)]
impl OpenFolder {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        File::open(folder).map(Self)
    }

    /// Waits until the names in the folder are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Does nothing: folders cannot be opened on this system.
#[cfg(not(unix))]
pub(super) struct OpenFolder;

#[cfg(not(unix))]
impl OpenFolder {
    pub(super) fn open(_folder: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
