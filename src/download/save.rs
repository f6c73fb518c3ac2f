//! Which flags on disk are complete.
//!
//! A run may be stopped at any moment, and a half-written `br.gif` must never pass for a flag. The bytes go to a
//! temporary name in the same folder and are then renamed: atomic, but only within one file system. The rename replaces
//! an existing file or link of that name and never writes through a link. Knows nothing of HTTP.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use program::Files;

use crate::download::gif::GifCheck;
use crate::item::{Check, Item};

/// The files of this program.
pub(crate) const FILES: Files = Files::of("flags");

/// The number of bytes of an existing flag that are read at a time.
const PIECE: usize = 64 << 10;

/// Returns the path of `item` if it is a GIF and a complete one of at most `size_limit` bytes is there. Of other files,
/// nobody can tell without a request.
pub(crate) fn find_complete_flag(folder: &Path, item: &Item, size_limit: u64) -> Option<PathBuf> {
    if item.check() != Check::Gif {
        return None;
    }
    let path = folder.join(item.file_name());
    // Checked before the file is opened: opening a pipe would block until another program writes to it.
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > size_limit {
        return None;
    }
    let mut file = File::open(&path).ok()?.take(size_limit);
    let (mut check, mut bytes) = (GifCheck::default(), vec![0; PIECE]);
    loop {
        match file.read(&mut bytes).ok()? {
            0 => return check.finish().ok().map(|()| path),
            read => check.feed(&bytes[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::flags;
    use program::WriteError;
    use std::io;

    fn save_flag(folder: &Path, item: &Item, bytes: &[u8]) -> Result<PathBuf, WriteError> {
        let path = folder.join(item.file_name());
        FILES.save(&path, bytes)?;
        Ok(path)
    }

    fn br() -> Item {
        flags(&["br"]).remove(0)
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
            let path = save_flag(folder.path(), &br(), bytes).unwrap();
            assert_eq!(path, folder.path().join("br.gif"));
            assert_eq!(fs::read(path).unwrap(), bytes);
        }
        assert_eq!(listing(folder.path()), ["br.gif"]);
    }

    #[test]
    fn a_reader_never_sees_a_partial_flag_while_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (vec![b'o'; 1 << 20], vec![b'n'; 1 << 20]);
        let path = save_flag(folder.path(), &br(), &old).unwrap();
        std::thread::scope(|scope| {
            let writes = scope.spawn(|| {
                for bytes in [&new, &old].into_iter().cycle().take(100) {
                    save_flag(folder.path(), &br(), bytes).unwrap();
                }
            });
            while !writes.is_finished() {
                let seen = fs::read(&path).unwrap();
                assert!(seen == old || seen == new, "{} bytes", seen.len());
            }
        });
    }

    #[test]
    fn a_folder_in_place_of_the_flag_is_an_error_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("br.gif")).unwrap();
        let error = save_flag(folder.path(), &br(), b"GIF").unwrap_err();
        assert_eq!(error.path, folder.path().join("br.gif"));
        assert_eq!(listing(folder.path()), ["br.gif"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_without_the_temporary_name() {
        let parent = tempfile::tempdir().unwrap();
        let error = save_flag(&parent.path().join("gone"), &br(), b"GIF").unwrap_err();
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
        let items = flags(&["a"]);
        std::thread::scope(|scope| {
            let saving = scope.spawn(|| {
                for item in items.iter().cycle().take(5000) {
                    save_flag(folder.path(), item, b"GIF").unwrap();
                }
            });
            while !saving.is_finished() {
                FILES.prepare_folder(folder.path()).unwrap();
            }
        });
        assert_eq!(listing(folder.path()).len(), items.len());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_flag_is_replaced_and_its_target_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "mine").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("br.gif")).unwrap();
        let path = save_flag(folder.path(), &br(), b"GIF").unwrap();
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
        let path = save_flag(folder.path(), &br(), b"GIF").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}
