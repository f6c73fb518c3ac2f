//! Writes one flag to disk, completely or not at all.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! an existing file or link of that name and never writes through a link. Knows nothing of HTTP.
//!
//! A run that is killed leaves its temporary files behind, and the next run into that folder removes them. Each file is
//! locked while its run writes it, so a file that is not locked belongs to a dead run. The process id would not show
//! that: it has no meaning in another container and may belong to another program by now.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::country::CountryCode;
use crate::download::gif::check_gif;

const PREFIX: &str = ".flags-";
const SUFFIX: &str = ".tmp";
const FOLDER_PREFIX: &str = ".flags-folder-";

/// The largest number of links that are followed.
const MAX_LINKS: u32 = 40;

/// The largest number of tries to create a temporary file or folder that other runs' sweeps remove. Each sweep removes it at most
/// once.
const MAX_TRIES: u32 = 8;

/// The reason why a file or folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", .path.display())]
pub struct SaveError {
    /// The file or folder that was to be written.
    pub path: PathBuf,
    /// The error of the operating system.
    #[source]
    pub source: io::Error,
}

/// Creates the folder and its parents if they are missing, removes the temporary files of killed runs, and checks that
/// files can be created in it.
///
/// # Errors
/// If something other than a folder has that name, or if no file can be created there.
pub(crate) fn prepare_folder(folder: &Path) -> Result<(), SaveError> {
    let prepared = fs::create_dir_all(folder)
        .map_err(|error| explain_folder_error(folder, error))
        .and_then(|()| sweep_and_probe(folder));
    prepared.map_err(|source| SaveError {
        path: folder.to_owned(),
        source,
    })
}

/// Removes the temporary files of dead runs, then checks that a file can be created. The sweep comes first because
/// those files may be what fills the disk.
fn sweep_and_probe(folder: &Path) -> io::Result<()> {
    sweep(folder);
    temporary_file(folder).map(drop)
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

/// Removes the temporary files and folders of dead runs. Those that cannot be removed stay; they do no harm.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let remove: fn(&Path) -> io::Result<()> = match entry.file_type() {
            Ok(kind) if kind.is_file() && is_temporary(&name) => |path| fs::remove_file(path),
            Ok(kind) if kind.is_dir() && is_temporary_folder(&name) => {
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

fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

fn is_temporary_folder(name: &OsStr) -> bool {
    name.as_encoded_bytes()
        .starts_with(FOLDER_PREFIX.as_bytes())
}

/// A folder that no other run uses, on the same disk as its parent. It is locked, and dropping it removes it with its
/// content.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    folder: TempDir,
    /// The lock that sweeps check. On a system where folders cannot be opened or locked, no sweep removes them.
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// Creates a temporary folder inside `folder`.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn new_in(parent: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            let folder = Builder::new().prefix(FOLDER_PREFIX).tempdir_in(parent)?;
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
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Saves the flag of `code` as `{folder}/br.gif` and returns that path. An older file stays until the new one is
/// complete.
///
/// Blocks: for files of this size a thread pool costs more than the disk (1.4 times the wall time, twice the CPU time).
///
/// # Errors
/// If the file cannot be written or renamed. No temporary file is left behind.
pub(crate) fn save_flag(
    folder: &Path,
    code: CountryCode,
    bytes: &[u8],
) -> Result<PathBuf, SaveError> {
    let path = flag_path(folder, code);
    let saved = temporary_file(folder).and_then(|mut file| {
        write(&mut file, bytes)?;
        file.persist(&path).map_err(io::Error::from)
    });
    match saved {
        Ok(_file) => Ok(path),
        Err(source) => Err(SaveError { path, source }),
    }
}

/// Returns the path of the flag of `code`, as [`save_flag`] does, if a complete flag of at most `size_limit` bytes is
/// there.
pub(crate) fn find_complete_flag(
    folder: &Path,
    code: CountryCode,
    size_limit: u64,
) -> Option<PathBuf> {
    let path = flag_path(folder, code);
    // Checked before the file is opened: opening a pipe would block until another program writes to it.
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > size_limit {
        return None;
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).ok()?;
    file.take(size_limit).read_to_end(&mut bytes).ok()?;
    check_gif(&bytes).ok().map(|()| path)
}

/// Checks before a run that [`replace_file`] can probably write the file after it.
///
/// # Errors
/// If the path is a folder, or if no file can be created beside it.
pub(crate) fn prepare_file(path: &Path) -> Result<(), SaveError> {
    let prepared = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => Ok(()),
        _ => sweep_and_probe(parent_folder(&follow_links(path))),
    };
    prepared.map_err(|source| SaveError {
        path: path.to_owned(),
        source,
    })
}

/// Creates or replaces a file with these bytes, completely or not at all.
///
/// Writes to a pipe or a device directly, and follows links: unlike the name of a flag, the user chose this name.
///
/// # Errors
/// If the file cannot be written. An older file then stays.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    let replaced = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => fs::write(path, bytes),
        _ => {
            let target = follow_links(path);
            temporary_file(parent_folder(&target)).and_then(|mut file| {
                write(&mut file, bytes)?;
                file.persist(&target).map(drop).map_err(io::Error::from)
            })
        }
    };
    replaced.map_err(|source| SaveError {
        path: path.to_owned(),
        source,
    })
}

/// Writes directly to the file: `NamedTempFile` would add the temporary name to each error, and no two errors would be
/// equal.
fn write(file: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
    file.as_file_mut().write_all(bytes)
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

fn flag_path(folder: &Path, code: CountryCode) -> PathBuf {
    folder.join(code.lower()).with_extension("gif")
}

/// Creates a file that no other run uses, locked, with the process id in its name. Dropping it removes it.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut tries = 0;
    loop {
        // Opened here and not by `tempfile`, which would make the file private and put its name into the error. This
        // file becomes an ordinary file, so the umask decides its permissions.
        let temporary = Builder::new()
            .prefix(&prefix)
            .suffix(SUFFIX)
            .make_in(folder, |path| {
                File::options().write(true).create_new(true).open(path)
            })?;
        tries += 1;
        if is_kept(Some(temporary.as_file()), temporary.path()) || tries == MAX_TRIES {
            return Ok(temporary);
        }
    }
}

/// Locks a new temporary file or folder, so that no sweep removes it. Returns whether it still exists: a sweep may have
/// removed it after it was created and before it was locked.
fn is_kept(file: Option<&File>, path: &Path) -> bool {
    // Without file locks, sweeps remove nothing, so other errors do not matter.
    let locked = match file.map(File::try_lock) {
        Some(Err(TryLockError::WouldBlock)) => file.is_some_and(|file| file.lock().is_ok()),
        _ => true,
    };
    locked && fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn br() -> CountryCode {
        CountryCode::new("BR").unwrap()
    }

    fn listing(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_flag_is_saved_under_its_lower_case_name_and_replaces_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [&b"old"[..], b"new and longer"] {
            let path = save_flag(folder.path(), br(), bytes).unwrap();
            assert_eq!(path, folder.path().join("br.gif"));
            assert_eq!(fs::read(path).unwrap(), bytes);
        }
        assert_eq!(listing(folder.path()), ["br.gif"]);
    }

    #[test]
    fn a_reader_never_sees_a_partial_flag_while_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (vec![b'o'; 1 << 20], vec![b'n'; 1 << 20]);
        let path = save_flag(folder.path(), br(), &old).unwrap();
        std::thread::scope(|scope| {
            let writes = scope.spawn(|| {
                for bytes in [&new, &old].into_iter().cycle().take(100) {
                    save_flag(folder.path(), br(), bytes).unwrap();
                }
            });
            while !writes.is_finished() {
                let seen = fs::read(&path).unwrap();
                assert!(seen == old || seen == new, "{} bytes", seen.len());
            }
        });
    }

    #[test]
    fn a_folder_is_created_with_its_parents_and_left_empty() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b/c");
        prepare_folder(&folder).unwrap();
        prepare_folder(&folder).unwrap();
        assert!(listing(&folder).is_empty());
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_an_error_that_names_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "mine").unwrap();
        for folder in [file.clone(), file.join("below")] {
            let error = prepare_folder(&folder).unwrap_err();
            assert_eq!(error.source.kind(), io::ErrorKind::NotADirectory);
            assert_eq!(
                error.to_string(),
                format!("cannot write {}", folder.display())
            );
        }
        assert_eq!(fs::read(file).unwrap(), b"mine");
    }

    #[test]
    fn a_folder_in_place_of_the_flag_is_an_error_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("br.gif")).unwrap();
        let error = save_flag(folder.path(), br(), b"GIF").unwrap_err();
        assert_eq!(error.path, folder.path().join("br.gif"));
        assert_eq!(listing(folder.path()), ["br.gif"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_without_the_temporary_name() {
        let parent = tempfile::tempdir().unwrap();
        let error = save_flag(&parent.path().join("gone"), br(), b"GIF").unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        assert!(
            !error.source.to_string().contains("tmp"),
            "{}",
            error.source
        );
    }

    #[test]
    fn a_sweep_never_removes_a_file_that_is_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let codes = crate::country::Selection::Words(&["a"]).codes().unwrap();
        std::thread::scope(|scope| {
            let saving = scope.spawn(|| {
                for &code in codes.iter().cycle().take(5000) {
                    save_flag(folder.path(), code, b"GIF").unwrap();
                }
            });
            while !saving.is_finished() {
                prepare_folder(folder.path()).unwrap();
            }
        });
        assert_eq!(listing(folder.path()).len(), codes.len());
    }

    #[test]
    fn a_sweep_never_removes_a_temporary_folder_in_use() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let creating = scope.spawn(|| {
                for _ in 0..500 {
                    let temporary = TemporaryFolder::new_in(folder.path()).unwrap();
                    let file = temporary.path().join("file");
                    fs::write(&file, "").unwrap();
                    sweep(folder.path());
                    assert!(file.exists());
                }
            });
            while !creating.is_finished() {
                sweep(folder.path());
            }
        });
        assert!(listing(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn replacing_a_file_follows_links_even_to_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("there")).unwrap();
        std::os::unix::fs::symlink("there/../there/file", at("second")).unwrap();
        std::os::unix::fs::symlink("second", at("first")).unwrap();
        for bytes in [&b"one"[..], b"two"] {
            prepare_file(&at("first")).unwrap();
            replace_file(&at("first"), bytes).unwrap();
            assert_eq!(fs::read(at("there/file")).unwrap(), bytes);
        }
        std::os::unix::fs::symlink("nowhere/file", at("lost")).unwrap();
        assert!(prepare_file(&at("lost")).is_err());
        assert_eq!(listing(&at("there")), ["file"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_flag_is_replaced_and_its_target_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("br.gif")).unwrap();
        let path = save_flag(folder.path(), br(), b"GIF").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"mine");
        assert!(!fs::symlink_metadata(path).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_flag_gets_the_permissions_that_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let ordinary = folder.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let path = save_flag(folder.path(), br(), b"GIF").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}
