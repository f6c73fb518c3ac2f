//! Files that are written completely or not at all.
//!
//! A program may be stopped at any moment, and a half-written file must never pass for a complete one. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces an
//! existing file or link of that name and never writes through a link.
//!
//! A program that is killed leaves its temporary files and folders behind, and its next run into that folder removes them.
//! Each is locked while a run uses it, so one that is not locked belongs to a dead run. The process id would not show that:
//! it has no meaning in another container and may belong to another program by now. Nothing waits for a lock, because
//! other users can hold one.
//!
//! A file is complete after a crash of the program. After a crash of the machine it may be empty or missing, unless it was
//! synced: that waits for the disk, which takes longer than everything else.
//!
//! * `folder`: how folders are created, and how the names in them get onto the disk
//! * `tree`: files in subfolders, none of which may be a link
//! * `new_file`: a file under construction
//! * `partial`: a file under construction that a later run can go on with
//! * `temporary`: temporary files and folders, and their locks
//! * `sweep`: removes those of dead runs

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

mod folder;
mod new_file;
mod partial;
mod sweep;
mod temporary;
mod tree;

use folder::create_folder;
pub use folder::sync_folder;
pub use new_file::NewFile;
pub use partial::PartialFile;
use sweep::sweep;
pub use temporary::TemporaryFolder;
use temporary::is_kept;
pub use tree::open_below;

/// The suffix of temporary files.
const SUFFIX: &str = ".tmp";

/// The largest number of links that are followed.
const MAX_LINKS: u32 = 40;

/// The largest number of tries to create a temporary file or folder that other runs' sweeps lock or remove. Each sweep does
/// that at most once, and a sweep takes a moment only, so this many in a row mean that another user does it on purpose. The
/// file is then used without a lock: a sweep may remove it, and saving reports that as an error.
const MAX_TRIES: u32 = 1000;

/// The files of one program. Its temporary files start with its name, so that its sweep removes no others.
#[derive(Debug, Clone, Copy)]
pub struct Files {
    program: &'static str,
    /// Whether each file is on the disk before it counts as written.
    is_synced: bool,
}

/// The reason why a file or folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", .path.display())]
pub struct WriteError {
    /// The file or folder that was to be written.
    pub path: PathBuf,
    /// The error of the operating system.
    #[source]
    pub source: io::Error,
}

impl Files {
    /// Returns the files of the program of this name.
    pub const fn of(program: &'static str) -> Self {
        Self {
            program,
            is_synced: false,
        }
    }

    /// Returns the same files. With `is_synced`, each of them is on the disk, with its name, before it counts as written.
    pub const fn synced(self, is_synced: bool) -> Self {
        Self { is_synced, ..self }
    }

    /// Creates the folder and its parents if they are missing, removes the temporary files of killed runs, and checks
    /// that files can be created in it. Returns the keys of the partial files in it that can be continued.
    ///
    /// # Errors
    /// If something other than a folder has that name, or if no file can be created there.
    pub fn prepare_folder(self, folder: &Path) -> Result<Vec<u64>, WriteError> {
        let prepared =
            create_folder(folder, self.is_synced).and_then(|()| self.sweep_and_probe(folder));
        prepared.map_err(|source| WriteError {
            path: folder.to_owned(),
            source,
        })
    }

    /// Checks before a run that [`replace`](Self::replace) can probably write the file after it.
    ///
    /// # Errors
    /// If the path is a folder, or if no file can be created beside it.
    pub fn prepare(self, path: &Path) -> Result<(), WriteError> {
        let prepared = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => Ok(()),
            _ => self
                .sweep_and_probe(parent_folder(&follow_links(path)))
                .map(drop),
        };
        prepared.map_err(|source| WriteError {
            path: path.to_owned(),
            source,
        })
    }

    /// Creates or replaces a file with these bytes, completely or not at all. A file that is replaced keeps its
    /// permissions. A link of that name is followed, and a pipe or a device is written to directly: use it for names that
    /// the user chose.
    ///
    /// # Errors
    /// If the file cannot be written. An older file then stays, unless the file was renamed and only its folder could not be
    /// synced.
    pub fn replace(self, path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => {
                fs::write(path, bytes).map_err(|source| WriteError {
                    path: path.to_owned(),
                    source,
                })
            }
            existing => self
                .begin_like(&follow_links(path), existing.ok().as_ref())
                .and_then(|mut file| {
                    file.write(bytes)?;
                    file.finish()
                })
                .map_err(|error| WriteError {
                    path: path.to_owned(),
                    source: error.source,
                }),
        }
    }

    /// Starts a file that gets this name when it is complete. A link of that name is replaced.
    ///
    /// # Errors
    /// If no file can be created in its folder.
    pub fn begin(self, path: &Path) -> Result<NewFile, WriteError> {
        self.begin_like(path, None)
    }

    /// Starts a file that gets a name in subfolders of `folder` when it is complete. Missing ones are then created. None of
    /// them may be a link, whenever it became one; a link of the file's own name is replaced. Until then the file is in
    /// `folder` itself, where a sweep finds it.
    ///
    /// # Errors
    /// If no file can be created in the folder.
    pub fn begin_below(self, folder: &Path, relative: &Path) -> Result<NewFile, WriteError> {
        let target = folder.join(relative);
        match self.temporary_file(folder, None) {
            Ok(temporary) => Ok(NewFile {
                target,
                below: Some(relative.to_owned()),
                temporary,
                is_synced: self.is_synced,
            }),
            Err(source) => Err(WriteError {
                path: target,
                source,
            }),
        }
    }

    /// As [`begin`](Self::begin). The file gets the permissions of `like`, or those that the umask allows.
    fn begin_like(self, path: &Path, like: Option<&Metadata>) -> Result<NewFile, WriteError> {
        let created = self.temporary_file(parent_folder(path), like);
        let temporary = created.map_err(|source| WriteError {
            path: path.to_owned(),
            source,
        })?;
        Ok(NewFile {
            target: path.to_owned(),
            below: None,
            temporary,
            is_synced: self.is_synced,
        })
    }

    /// Creates a temporary folder inside `parent`.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn temporary_folder(self, parent: &Path) -> io::Result<TemporaryFolder> {
        TemporaryFolder::new_in(parent, self)
    }

    /// Removes the temporary files of dead runs, then checks that a file can be created. The sweep comes first because
    /// those files may be what fills the disk.
    fn sweep_and_probe(self, folder: &Path) -> io::Result<Vec<u64>> {
        let partials = sweep(folder, self);
        self.temporary_file(folder, None)?;
        Ok(partials)
    }

    /// Creates a file that no other run uses, locked, with the process id in its name. Dropping it removes it. Its
    /// permissions are those of `like`, from the first moment on no wider.
    fn temporary_file(self, folder: &Path, like: Option<&Metadata>) -> io::Result<NamedTempFile> {
        let prefix = format!("{}{}-", self.prefix(), std::process::id());
        let mut tries = 0;
        loop {
            // Opened here and not by `tempfile`, which would make the file private and put its name into the error. This
            // file becomes an ordinary file, so the umask decides its permissions.
            let temporary = Builder::new()
                .prefix(&prefix)
                .suffix(SUFFIX)
                .make_in(folder, |path| create_like(path, like))?;
            tries += 1;
            if is_kept(temporary.as_file(), temporary.path()) || tries == MAX_TRIES {
                return Ok(temporary);
            }
        }
    }

    /// Returns the prefix of temporary files, such as `.flags-`.
    fn prefix(self) -> String {
        format!(".{}-", self.program)
    }

    /// Returns the prefix of temporary folders, such as `.flags-folder-`.
    fn folder_prefix(self) -> String {
        format!("{}folder-", self.prefix())
    }
}

/// Creates a file with the permissions of `like`, or with those that the umask allows.
fn create_like(path: &Path, like: Option<&Metadata>) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Some(like) = like {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

        let mode = like.permissions().mode() & 0o777;
        let file = options.mode(mode).open(path)?;
        // The umask may have taken some of them away.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        return Ok(file);
    }
    #[cfg(not(unix))]
    let _ = like;
    options.open(path)
}

/// Returns the path that a path leads to through links, even if no file is there yet.
fn follow_links(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    // A cycle of links leads to no file; one of the links is then replaced.
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = parent_folder(&target).join(link),
            Err(_) => break,
        }
    }
    target
}

/// Returns the folder of a file, which is the current folder for a bare file name.
fn parent_folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
