//! The private folder of a manager, in which its socket is.
//!
//! Only the user can enter it. The manager holds a shared lock on a file in it for as long as it lives, and so does the
//! program that starts it until the manager is ready. So a folder whose lock is free has been left behind by processes
//! that were killed, and is removed when the next manager starts.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::getuid;

use super::protocol::random::random_bytes;

/// A folder without a lock is this old before it counts as left behind: its program may be about to create the lock.
const GRACE: Duration = Duration::from_secs(60);

/// A folder, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    lock: Option<File>,
}

impl Folder {
    /// Creates a folder and locks it.
    ///
    /// # Errors
    /// Name the folder if it cannot be created, as when `TMPDIR` is wrong.
    pub(crate) fn create() -> io::Result<Self> {
        // Absolute, since processes in other folders use it as well.
        let parent = std::path::absolute(std::env::temp_dir())?;
        loop {
            let name = format!("{}{}", prefix(), random_name()?);
            let path = parent.join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => {
                    let message = format!("cannot create the folder {}: {error}", path.display());
                    return Err(io::Error::new(error.kind(), message));
                }
                Ok(()) => {}
            }
            let mut folder = Self { path, lock: None };
            let lock = File::create_new(folder.lock_file())?;
            lock.lock_shared()?;
            // Another program may have found the file before it was locked.
            if lock.metadata()?.nlink() > 0 {
                folder.lock = Some(lock);
                return Ok(folder);
            }
        }
    }

    /// Takes over a folder that another process has created and keeps locked meanwhile.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let mut folder = Self { path, lock: None };
        let lock = File::open(folder.lock_file())?;
        lock.lock_shared()?;
        folder.lock = Some(lock);
        Ok(folder)
    }

    /// Leaves the lock to the other process.
    pub(crate) fn unlock(&mut self) {
        self.lock = None;
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the socket in it.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path.join("socket")
    }

    fn lock_file(&self) -> PathBuf {
        lock_file(&self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The other process may have removed it. If the system refuses, the next manager tries again.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Returns the start of the names of this user's folders.
fn prefix() -> String {
    format!("multiprocessing-{}-", getuid().as_raw())
}

pub(crate) fn random_name() -> io::Result<String> {
    Ok(format!("{:016x}", u64::from_le_bytes(random_bytes()?)))
}

/// Removes the folders that managers of this user have left behind. Ignores errors: a folder that cannot be removed does
/// not keep a manager from starting.
pub(crate) fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    let prefix = prefix();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.as_encoded_bytes().starts_with(prefix.as_bytes());
        // Not followed if it is a link.
        let metadata = is_ours.then(|| entry.metadata().ok()).flatten();
        if metadata.is_some_and(|found| found.is_dir() && found.uid() == getuid().as_raw()) {
            let _ = remove_if_left_behind(&entry.path());
        }
    }
}

fn remove_if_left_behind(folder: &Path) -> io::Result<()> {
    let lock = match File::open(lock_file(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let age = fs::metadata(folder)?.modified()?.elapsed();
            // Fails if it is not empty.
            return match age {
                Ok(age) if age > GRACE => fs::remove_dir(folder),
                _ => Ok(()),
            };
        }
        lock => lock?,
    };
    match lock.try_lock() {
        Ok(()) => fs::remove_dir_all(folder),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_is_private_and_swept_only_when_its_lock_is_free() {
        let created = Folder::create().unwrap();
        let path = created.path().to_owned();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        sweep();
        assert!(path.exists());

        // As the manager and its owner do it.
        let mut created = created;
        let opened = Folder::open(path.clone()).unwrap();
        created.unlock();
        sweep();
        assert!(path.exists());

        // As if both had been killed.
        let mut opened = opened;
        opened.unlock();
        sweep();
        assert!(!path.exists());
    }
}
