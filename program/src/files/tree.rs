//! Files in subfolders of a folder, none of which may be a link.
//!
//! Such names can come from strangers, and anyone who can write in the folder can replace a subfolder by a link at any
//! moment. So each subfolder is opened from its parent, which is open, and without following a link; the file then gets its
//! name in the folder that is open, wherever its path leads by then.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Component, Path};

/// Returns the parts of a path that stays below its folder: names only, neither `..` nor a root.
fn parts(relative: &Path) -> io::Result<Vec<&OsStr>> {
    let normal = |part: Component<'_>| match part {
        Component::Normal(_) => true,
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            false
        }
    };
    let parts: Vec<_> = relative.components().collect();
    if parts.is_empty() || !parts.iter().copied().all(normal) {
        let message = format!("{} leads outside of its folder", relative.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(relative.iter().collect())
}

/// Returns the error for a part of a path that is not a folder.
fn not_a_folder(relative: &Path, is_link: bool) -> io::Error {
    let path = relative.display();
    let message = match is_link {
        true => format!("{path} is a link, which is not followed"),
        false => format!("{path} is a file, not a folder"),
    };
    io::Error::new(io::ErrorKind::NotADirectory, message)
}

#[cfg(unix)]
mod system {
    use std::os::fd::OwnedFd;
    use std::path::PathBuf;

    use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
    use rustix::io::Errno;

    use super::{File, OsStr, Path, io, not_a_folder, parts};

    const FOLDER: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::CLOEXEC);

    /// A folder that stays the same one, wherever its path leads.
    struct Folder {
        open: OwnedFd,
        /// Its path below the first folder, for messages.
        relative: PathBuf,
    }

    impl Folder {
        fn open(root: &Path) -> io::Result<Self> {
            Ok(Self {
                open: rustix::fs::openat(CWD, root, FOLDER, Mode::empty())?,
                relative: PathBuf::new(),
            })
        }

        /// Opens a subfolder, which is not a link.
        fn enter(&self, name: &OsStr) -> io::Result<Self> {
            let opened =
                rustix::fs::openat(&self.open, name, FOLDER | OFlags::NOFOLLOW, Mode::empty());
            let relative = self.relative.join(name);
            match opened {
                Ok(open) => Ok(Self { open, relative }),
                // Which of the two a link leads to depends on the system.
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    Err(not_a_folder(&relative, self.is_link(name)))
                }
                Err(error) => Err(error.into()),
            }
        }

        /// Opens a subfolder, and creates it if it is missing.
        fn enter_or_create(&self, name: &OsStr, is_synced: bool) -> io::Result<Self> {
            match self.enter(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                entered => return entered,
            }
            match rustix::fs::mkdirat(&self.open, name, Mode::from(0o777)) {
                // Another download was faster.
                Err(Errno::EXIST) => {}
                created => created?,
            }
            if is_synced {
                rustix::fs::fsync(&self.open)?;
            }
            self.enter(name)
        }

        fn is_link(&self, name: &OsStr) -> bool {
            let found = rustix::fs::statat(&self.open, name, AtFlags::SYMLINK_NOFOLLOW);
            found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
        }
    }

    /// Renames the file `from` to a path below `root`, where it replaces a file or a link. Creates missing subfolders. With
    /// `is_synced`, waits until the names are on the disk.
    ///
    /// # Errors
    /// If a part of the path is a link or a file, and if the file cannot be renamed.
    pub(in crate::files) fn rename_below(
        from: &Path,
        root: &Path,
        relative: &Path,
        is_synced: bool,
    ) -> io::Result<()> {
        let mut parts = parts(relative)?;
        let name = parts.pop().unwrap_or_default();
        let mut folder = Folder::open(root)?;
        for part in parts {
            folder = folder.enter_or_create(part, is_synced)?;
        }
        rustix::fs::renameat(CWD, from, &folder.open, name)?;
        if is_synced {
            rustix::fs::fsync(&folder.open)?;
        }
        Ok(())
    }

    /// Opens an ordinary file below `root` for reading. Neither a subfolder nor the file may be a link.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn open_below(root: &Path, relative: &Path) -> io::Result<File> {
        let mut parts = parts(relative)?;
        let name = parts.pop().unwrap_or_default();
        let mut folder = Folder::open(root)?;
        for part in parts {
            folder = folder.enter(part)?;
        }
        // Opening a pipe without NONBLOCK would wait for another program to write to it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::openat(
            &folder.open,
            name,
            flags,
            Mode::empty(),
        )?);
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// On this system, a folder that is replaced by a link between the check and the use is not detected.
#[cfg(not(unix))]
mod system {
    use std::fs;
    use std::path::PathBuf;

    use super::{File, Path, io, not_a_folder, parts};

    /// Checks that the folders of a path are neither links nor files. Returns the path.
    fn checked(root: &Path, relative: &Path, create: bool) -> io::Result<PathBuf> {
        let mut parts = parts(relative)?;
        let name = parts.pop().unwrap_or_default();
        let mut path = root.to_owned();
        for part in parts {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => {}
                Ok(found) => {
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    return Err(not_a_folder(below, found.is_symlink()));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
                    match fs::create_dir(&path) {
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                        created => created?,
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(path.join(name))
    }

    /// As on Unix, but without waiting for the disk.
    pub(in crate::files) fn rename_below(
        from: &Path,
        root: &Path,
        relative: &Path,
        _is_synced: bool,
    ) -> io::Result<()> {
        fs::rename(from, checked(root, relative, true)?)
    }

    /// Opens an ordinary file below `root` for reading. Neither a subfolder nor the file may be a link.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn open_below(root: &Path, relative: &Path) -> io::Result<File> {
        let path = checked(root, relative, false)?;
        match fs::symlink_metadata(&path)?.is_file() {
            true => File::open(path),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

pub use system::open_below;
pub(super) use system::rename_below;
