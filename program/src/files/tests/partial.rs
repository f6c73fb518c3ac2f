//! Files under construction that outlive their run, and when a sweep removes them.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::SystemTime;

use super::{FILES, listing};
use crate::files::PartialFile;
use crate::files::partial::{KEPT, is_locked_now};
use crate::files::sweep::sweep;

const KEY: u64 = 0xab;
const PART: &str = ".some-00000000000000ab.part";
const NOTE: &str = ".some-00000000000000ab.json";

/// Starts a partial file with these bytes.
fn begin(folder: &Path, bytes: &[u8]) -> PartialFile {
    let begun = FILES.begin_partial(folder, Path::new("a/file"), KEY, b"note");
    let mut partial = begun.unwrap().unwrap();
    partial.write(bytes).unwrap();
    partial
}

#[test]
fn a_later_run_goes_on_with_the_bytes_and_the_note_of_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    drop(begin(folder.path(), b"0123456789"));
    assert_eq!(listing(folder.path()), [NOTE, PART]);
    let mode = fs::metadata(folder.path().join(NOTE))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(FILES.prepare_folder(folder.path()).unwrap(), [KEY]);

    let opened = FILES.open_partial(folder.path(), Path::new("a/file"), KEY);
    let (mut partial, note) = opened.unwrap().unwrap();
    assert_eq!(
        (partial.length().unwrap(), note.as_slice()),
        (10, &b"note"[..])
    );
    let mut read = Vec::new();
    partial
        .read_back(4, |bytes| read.extend_from_slice(bytes))
        .unwrap();
    assert_eq!(read, b"0123");
    partial.write(b"end").unwrap();
    partial.finish().unwrap();
    assert_eq!(listing(folder.path()), ["a"]);
    assert_eq!(fs::read(folder.path().join("a/file")).unwrap(), b"0123end");
}

#[test]
fn only_one_run_uses_a_partial_file_and_it_is_not_that_of_a_finished_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path(), Path::new("file"));
    let first = begin(path, b"first");
    assert!(FILES.open_partial(path, target, KEY).unwrap().is_none());
    let second = FILES.begin_partial(path, target, KEY, b"other").unwrap();
    assert!(second.is_none());
    assert!(sweep(path, FILES).is_empty());
    assert_eq!(fs::read(path.join(PART)).unwrap(), b"first");
    drop(first);
    // Another run goes on from the beginning.
    drop(
        FILES
            .begin_partial(path, target, KEY, b"other")
            .unwrap()
            .unwrap(),
    );
    assert_eq!(fs::read(path.join(PART)).unwrap(), b"");
    assert_eq!(fs::read(path.join(NOTE)).unwrap(), b"other");
}

#[test]
fn a_file_that_another_run_finishes_before_it_is_locked_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let partial = begin(folder.path(), b"whole");
    let opened = File::open(folder.path().join(PART)).unwrap();
    partial.finish().unwrap();
    assert!(!is_locked_now(&opened, &folder.path().join(PART)));
    drop(opened);
    drop(begin(folder.path(), b"next"));
    let whole = File::open(folder.path().join("a/file")).unwrap();
    assert!(!is_locked_now(&whole, &folder.path().join(PART)));
}

#[test]
fn files_of_others_links_and_files_with_another_name_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path(), Path::new("file"));
    fs::write(path.join("mine"), "mine").unwrap();
    for plant in [
        |from: &Path, to: &Path| symlink(from, to).unwrap(),
        |from: &Path, to: &Path| fs::hard_link(from, to).unwrap(),
    ] {
        for name in [PART, NOTE] {
            plant(&path.join("mine"), &path.join(name));
            assert!(FILES.begin_partial(path, target, KEY, b"note").is_err());
            let _ = FILES.open_partial(path, target, KEY);
            sweep(path, FILES);
            assert_eq!(fs::read(path.join("mine")).unwrap(), b"mine");
            fs::remove_file(path.join(name)).unwrap();
        }
        let _ = fs::remove_file(path.join(PART));
    }
}

#[test]
fn a_sweep_removes_partial_files_that_are_old_or_have_lost_their_note_or_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for lost in [PART, NOTE] {
        drop(begin(folder.path(), b"bytes"));
        fs::remove_file(at(lost)).unwrap();
        assert!(sweep(folder.path(), FILES).is_empty());
        assert!(listing(folder.path()).is_empty(), "{lost}");
    }
    drop(begin(folder.path(), b"bytes"));
    let grown = |ago| {
        let part = File::options().write(true).open(at(PART)).unwrap();
        part.set_modified(SystemTime::now() - ago).unwrap();
    };
    grown(KEPT / 2);
    assert_eq!(sweep(folder.path(), FILES), [KEY]);
    grown(KEPT * 2);
    for name in [
        ".some-ab.part",
        ".some-00000000000000AB.part",
        ".some-notes.json",
    ] {
        fs::write(at(name), "mine").unwrap();
    }
    assert!(sweep(folder.path(), FILES).is_empty());
    let mine = [
        ".some-00000000000000AB.part",
        ".some-ab.part",
        ".some-notes.json",
    ];
    assert_eq!(listing(folder.path()), mine);
}

#[test]
fn a_file_that_cannot_get_its_name_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "mine").unwrap();
    let error = begin(folder.path(), b"bytes").finish().unwrap_err();
    assert_eq!(error.source.to_string(), "a is a file, not a folder");
    assert_eq!(error.path, folder.path().join("a/file"));
    assert_eq!(listing(folder.path()), ["a"]);
    begin(folder.path(), b"bytes").discard();
    assert_eq!(listing(folder.path()), ["a"]);
}
