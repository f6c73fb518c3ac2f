//! Puts one flag on disk, whole or not at all.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! whatever file or link has the name, and never writes through a link. Knows nothing of HTTP.
//!
//! A run that is killed leaves its temporary files behind, and the next run into that folder removes them. Each is locked as
//! long as somebody writes it, so whether its run is dead is not guessed from its process id, which says nothing in another
//! container and may belong to another program by now.

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

/// How many links are followed.
const MAX_LINKS: u32 = 40;

/// How often a file that a sweep has taken is made anew; each sweep takes it at most once.
const MAX_TRIES: u32 = 8;

/// Why something could not be put on disk.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", .path.display())]
pub struct SaveError {
    /// What was to be written.
    pub path: PathBuf,
    /// Why it could not be.
    #[source]
    pub source: io::Error,
}

/// Makes the folder with its parents where it is missing, makes sure that files can be made in it, and removes what
/// runs that were killed have left there.
///
/// # Errors
/// When something else has its name, and when nothing can be written there.
pub(crate) fn prepare_folder(folder: &Path) -> Result<(), SaveError> {
    let prepared = fs::create_dir_all(folder)
        .map_err(|error| why_no_folder(folder, error))
        .and_then(|()| make_room(folder));
    prepared.map_err(|source| SaveError {
        path: folder.to_owned(),
        source,
    })
}

/// Removes what dead runs left, which may be all that is in the way, and sees whether a file can be made.
fn make_room(folder: &Path) -> io::Result<()> {
    sweep(folder);
    temporary_file(folder).map(drop)
}

/// "File exists" and "No such file" are true of a folder that cannot be made, and no help.
fn why_no_folder(folder: &Path, error: io::Error) -> io::Error {
    match (error.kind(), fs::read_link(folder)) {
        (io::ErrorKind::AlreadyExists, Ok(target)) => {
            let message = format!(
                "it is a link to {}, which is not a folder",
                target.display()
            );
            io::Error::new(io::ErrorKind::NotADirectory, message)
        }
        // Something is there, and if it were a folder there would be no error.
        (io::ErrorKind::AlreadyExists, Err(_)) => io::ErrorKind::NotADirectory.into(),
        _ => error,
    }
}

/// Removes the temporary files that nobody writes any more. What cannot be removed stays: it does no harm.
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
        // Removed under the lock: who finds its new file locked by us waits, and then sees that it is gone.
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

/// A folder that nobody else has, on the same disk as the one it is in. Locked, and removed with all that is in it when
/// dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    folder: TempDir,
    /// What a sweep looks at. Where a folder cannot be opened or locked, none removes it.
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// A new one in this folder.
    ///
    /// # Errors
    /// When none can be made there.
    pub(crate) fn new_in(folder: &Path) -> io::Result<Self> {
        let folder = Builder::new().prefix(FOLDER_PREFIX).tempdir_in(folder)?;
        let lock = File::open(folder.path()).ok();
        if let Some(lock) = &lock {
            let _ = lock.try_lock();
        }
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Saves the flag of `code` as `{folder}/br.gif` and returns that path. An older file stays until the new one is whole.
///
/// Blocks: for files of this size a thread pool costs more than the disk (1.4 times the wall time, twice the CPU time).
///
/// # Errors
/// When the file cannot be written or cannot take its name; nothing is left behind then.
pub(crate) fn save_flag(
    folder: &Path,
    code: CountryCode,
    bytes: &[u8],
) -> Result<PathBuf, SaveError> {
    let path = path_of(folder, code);
    let saved = temporary_file(folder).and_then(|mut file| {
        write(&mut file, bytes)?;
        file.persist(&path).map_err(io::Error::from)
    });
    match saved {
        Ok(_file) => Ok(path),
        Err(source) => Err(SaveError { path, source }),
    }
}

/// The path of the flag of `code` if it is there, whole, and not over `size_limit` bytes; as [`save_flag`] would return it.
pub(crate) fn whole_flag(folder: &Path, code: CountryCode, size_limit: u64) -> Option<PathBuf> {
    let path = path_of(folder, code);
    // Asked before it is opened: to open a pipe would be to wait for somebody to write into it.
    let there = fs::metadata(&path).ok()?;
    if !there.is_file() || there.len() > size_limit {
        return None;
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).ok()?;
    file.take(size_limit).read_to_end(&mut bytes).ok()?;
    check_gif(&bytes).ok().map(|()| path)
}

/// Makes sure that [`replace_file`] has a chance.
///
/// # Errors
/// When a folder has its name, and when nothing can be made beside it.
pub(crate) fn prepare_file(path: &Path) -> Result<(), SaveError> {
    let prepared = match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(()),
        _ => make_room(folder_of(&target_of(path))),
    };
    prepared.map_err(|source| SaveError {
        path: path.to_owned(),
        source,
    })
}

/// Replaces a file by these bytes, or makes it, whole or not at all. A pipe or a device is written to, and a link is
/// followed: unlike a flag's, the name is the user's own.
///
/// # Errors
/// When it cannot be written; an older file stays then.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    let replaced = match fs::metadata(path) {
        Ok(there) if !there.is_file() => fs::write(path, bytes),
        _ => {
            let target = target_of(path);
            temporary_file(folder_of(&target)).and_then(|mut file| {
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

/// Past the crate, which would put the temporary name into every error, and so make each error one of its own.
fn write(file: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
    file.as_file_mut().write_all(bytes)
}

/// What the name of a file stands for in the end: links are followed, also where they lead to nothing yet.
fn target_of(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    // Links in a circle lead to no file; one of them is replaced.
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = folder_of(&target).join(link),
            Err(_) => break,
        }
    }
    target
}

/// The folder of a file; that of a bare name is the one we are in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn path_of(folder: &Path, code: CountryCode) -> PathBuf {
    folder.join(code.lower()).with_extension("gif")
}

/// A file that nobody else has, locked, and removed when dropped. Its name says which process it belongs to.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut tries = 0;
    loop {
        // Opened here and not by the crate, which would make the file private (this one becomes an ordinary file, for the
        // umask to decide) and put its name into the error.
        let temporary = Builder::new()
            .prefix(&prefix)
            .suffix(SUFFIX)
            .make_in(folder, |path| {
                File::options().write(true).create_new(true).open(path)
            })?;
        // Where there are no locks there is no sweep either.
        let locked = match temporary.as_file().try_lock() {
            Err(TryLockError::WouldBlock) => temporary.as_file().lock().is_ok(),
            _ => true,
        };
        tries += 1;
        // Gone, if a sweep found it between its making and its locking.
        let has_name = fs::symlink_metadata(temporary.path()).is_ok();
        if (locked && has_name) || tries == MAX_TRIES {
            return Ok(temporary);
        }
    }
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
    fn a_flag_is_saved_under_its_name_in_lower_case_and_replaces_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [&b"old"[..], b"new and longer"] {
            let path = save_flag(folder.path(), br(), bytes).unwrap();
            assert_eq!(path, folder.path().join("br.gif"));
            assert_eq!(fs::read(path).unwrap(), bytes);
        }
        assert_eq!(listing(folder.path()), ["br.gif"]);
    }

    #[test]
    fn whoever_reads_while_a_flag_is_replaced_sees_a_whole_one() {
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
    fn a_folder_is_made_with_its_parents_and_left_empty() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b/c");
        prepare_folder(&folder).unwrap();
        prepare_folder(&folder).unwrap();
        assert!(listing(&folder).is_empty());
    }

    #[test]
    fn a_file_in_the_folders_place_is_an_error_that_names_it() {
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
    fn a_folder_in_the_flags_place_is_an_error_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("br.gif")).unwrap();
        let error = save_flag(folder.path(), br(), b"GIF").unwrap_err();
        assert_eq!(error.path, folder.path().join("br.gif"));
        assert_eq!(listing(folder.path()), ["br.gif"]);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_without_the_temporary_name() {
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
    fn a_sweep_never_takes_a_file_that_is_being_written() {
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

    #[cfg(unix)]
    #[test]
    fn a_file_is_replaced_where_its_link_leads_also_to_nothing_yet() {
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
    fn a_link_in_the_flags_place_is_replaced_and_its_target_untouched() {
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
    fn a_flag_can_be_read_by_whom_the_umask_lets() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let ordinary = folder.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let path = save_flag(folder.path(), br(), b"GIF").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}
