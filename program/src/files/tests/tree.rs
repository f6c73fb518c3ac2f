//! Files in subfolders, with links in the way.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{FILES, listing};
use crate::files::{WriteError, open_below};

fn save(folder: &Path, relative: &str) -> Result<(), WriteError> {
    let mut file = FILES.begin_below(folder, Path::new(relative))?;
    file.write(b"whole")?;
    file.finish()
}

#[test]
fn missing_subfolders_are_created_and_older_files_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for synced in [FILES, FILES.synced(true)] {
        for relative in ["a/b/c", "a/b/d", "e"] {
            let begun = synced.begin_below(folder.path(), Path::new(relative));
            begun.unwrap().finish().unwrap();
            save(folder.path(), relative).unwrap();
            let bytes = fs::read(folder.path().join(relative)).unwrap();
            assert_eq!(bytes, b"whole");
            assert!(open_below(folder.path(), Path::new(relative)).is_ok());
        }
    }
    assert_eq!(listing(folder.path()), ["a", "e"]);
}

#[test]
fn no_path_leads_outside_of_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let at = |name: &str| parent.path().join(name);
    for name in ["folder", "outside"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("outside/file"), "mine").unwrap();
    symlink(at("outside"), at("folder/link")).unwrap();
    symlink("..", at("folder/up")).unwrap();
    symlink(at("outside/file"), at("folder/file")).unwrap();
    for relative in [
        "link/new",
        "up/new",
        "link/a/new",
        "../new",
        "a/../../new",
        "/new",
        "",
        ".",
    ] {
        let error = save(&at("folder"), relative).unwrap_err();
        let kind = error.source.kind();
        let expected = [io::ErrorKind::NotADirectory, io::ErrorKind::InvalidInput];
        assert!(expected.contains(&kind), "{relative}: {error:?}");
        assert!(open_below(&at("folder"), Path::new(relative)).is_err());
    }
    assert!(open_below(&at("folder"), Path::new("file")).is_err());
    // A link of the file's own name is replaced.
    save(&at("folder"), "file").unwrap();
    assert_eq!(fs::read(at("outside/file")).unwrap(), b"mine");
    assert_eq!(listing(&at("folder")), ["file", "link", "up"]);
    assert_eq!(listing(&at("outside")), ["file"]);
    assert_eq!(listing(parent.path()), ["folder", "outside"]);
}

#[test]
fn a_file_in_place_of_a_folder_and_a_folder_in_place_of_the_file_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let error = save(folder.path(), "file/new").unwrap_err();
    assert_eq!(error.source.to_string(), "file is a file, not a folder");
    let error = save(folder.path(), "sub").unwrap_err();
    assert_eq!(error.source.kind(), io::ErrorKind::IsADirectory);
    assert_eq!(listing(folder.path()), ["file", "sub"]);
}
