//! Puts one flag on disk, whole or not at all.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! whatever file or link has the name, and never writes through a link. Knows nothing of HTTP.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::country::CountryCode;

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

/// Makes the folder with its parents where it is missing, and makes sure that files can be made in it.
///
/// # Errors
/// When something else has its name, and when nothing can be written there.
pub fn prepare_folder(folder: &Path) -> Result<(), SaveError> {
    let prepared = std::fs::create_dir_all(folder).and_then(|()| temporary_file(folder).map(drop));
    prepared.map_err(|source| {
        let source = match source.kind() {
            // Something is there, and if it were a folder there would be no error.
            io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
            _ => source,
        };
        SaveError {
            path: folder.to_owned(),
            source,
        }
    })
}

/// Saves the flag of `code` as `{folder}/br.gif` and returns that path. An older file stays until the new one is whole.
///
/// Blocks: for files of this size a thread pool costs more than the disk (1.4 times the wall time, twice the CPU time).
///
/// # Errors
/// When the file cannot be written or cannot take its name; nothing is left behind then.
pub fn save_flag(folder: &Path, code: CountryCode, bytes: &[u8]) -> Result<PathBuf, SaveError> {
    let path = folder.join(code.lower()).with_extension("gif");
    let saved = temporary_file(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.persist(&path).map_err(io::Error::from)
    });
    match saved {
        Ok(_file) => Ok(path),
        Err(source) => Err(SaveError { path, source }),
    }
}

/// A file that nobody else has, removed when dropped. Its name says which process it belongs to.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!(".flags-{}-", std::process::id());
    // Opened here and not by the crate, which would make the file private (this one becomes an ordinary file, for the
    // umask to decide) and put its name into every error (which would make each error one of its own).
    Builder::new()
        .prefix(&prefix)
        .suffix(".tmp")
        .make_in(folder, |path| {
            File::options().write(true).create_new(true).open(path)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
