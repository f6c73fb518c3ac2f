//! Files that are created or replaced.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{FILES, listing};
use crate::files::WriteError;
use crate::files::temporary::is_kept;

/// Saves a file as a download does. A link of that name is replaced.
fn save(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = FILES.begin(path)?;
    file.write(bytes)?;
    file.finish()
}

#[test]
fn a_saved_file_replaces_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for bytes in [&b"old"[..], b"new and longer"] {
        save(&path, bytes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    assert_eq!(listing(folder.path()), ["file"]);
}

#[test]
fn a_reader_never_sees_a_partial_file_while_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let (old, new) = (vec![b'o'; 1 << 20], vec![b'n'; 1 << 20]);
    save(&path, &old).unwrap();
    std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            for bytes in [&new, &old].into_iter().cycle().take(100) {
                save(&path, bytes).unwrap();
            }
        });
        while !writes.is_finished() {
            let seen = fs::read(&path).unwrap();
            assert!(seen == old || seen == new, "{} bytes", seen.len());
        }
    });
}

#[test]
fn a_folder_in_place_of_the_file_is_an_error_and_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::create_dir(&path).unwrap();
    assert_eq!(save(&path, b"whole").unwrap_err().path, path);
    assert_eq!(listing(folder.path()), ["file"]);
}

#[test]
fn a_missing_folder_is_an_error_without_the_temporary_name() {
    let parent = tempfile::tempdir().unwrap();
    let error = save(&parent.path().join("gone/file"), b"whole").unwrap_err();
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
    let names = ('a'..='p').map(|name| folder.path().join(name.to_string()));
    let paths: Vec<_> = names.collect();
    std::thread::scope(|scope| {
        let saving = scope.spawn(|| {
            for path in paths.iter().cycle().take(5000) {
                save(path, b"whole").unwrap();
            }
        });
        while !saving.is_finished() {
            FILES.prepare_folder(folder.path()).unwrap();
        }
    });
    assert_eq!(listing(folder.path()).len(), paths.len());
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_file_is_replaced_and_its_target_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (target, path) = (folder.path().join("target"), folder.path().join("file"));
    fs::write(&target, "mine").unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    save(&path, b"whole").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"mine");
    assert!(!fs::symlink_metadata(path).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_saved_file_gets_the_permissions_that_the_umask_allows() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (ordinary, path) = (folder.path().join("ordinary"), folder.path().join("file"));
    fs::write(&ordinary, "").unwrap();
    save(&path, b"whole").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&ordinary));
}

/// Asserts that saving works although another process locks every temporary file as soon as it exists.
#[cfg(target_os = "linux")]
#[test]
fn a_file_is_saved_although_another_user_holds_the_lock_of_every_temporary_file() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = tempfile::tempdir().unwrap();
    let (done, mut held) = (AtomicBool::new(false), Vec::new());
    std::thread::scope(|scope| {
        let done = &done;
        let held = &mut held;
        let path = folder.path();
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                for entry in fs::read_dir(path).unwrap().flatten() {
                    let opened = File::open(entry.path()).ok();
                    held.extend(opened.filter(|file| file.try_lock_shared().is_ok()));
                }
                held.truncate(100);
            }
        });
        // Unwrapped after the other thread has been told to end: the scope waits for it, also after a panic.
        let saved: Result<Vec<_>, _> = (0..200)
            .map(|_| save(&path.join("file"), b"whole"))
            .collect();
        done.store(true, Ordering::Relaxed);
        saved.unwrap();
    });
    assert_eq!(listing(folder.path()), ["file"]);
}

#[test]
fn a_lock_that_another_process_holds_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let ours = File::create(&path).unwrap();
    let theirs = File::open(&path).unwrap();
    theirs.lock_shared().unwrap();
    assert!(!is_kept(&ours, &path));
    theirs.unlock().unwrap();
    assert!(is_kept(&ours, &path));
    fs::remove_file(&path).unwrap();
    assert!(!is_kept(&ours, &path));
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
        FILES.prepare(&at("first")).unwrap();
        FILES.replace(&at("first"), bytes).unwrap();
        assert_eq!(fs::read(at("there/file")).unwrap(), bytes);
    }
    std::os::unix::fs::symlink("nowhere/file", at("lost")).unwrap();
    assert!(FILES.prepare(&at("lost")).is_err());
    assert_eq!(listing(&at("there")), ["file"]);
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions_and_a_new_one_has_those_of_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o7777;
    std::os::unix::fs::symlink("report", at("link")).unwrap();
    fs::write(at("ordinary"), "").unwrap();
    for name in ["report", "link"] {
        for wanted in [0o600, 0o640, 0o666, 0o400] {
            fs::write(at("report"), "old").unwrap();
            fs::set_permissions(at("report"), fs::Permissions::from_mode(wanted)).unwrap();
            FILES.replace(&at(name), b"new").unwrap();
            assert_eq!(mode("report"), wanted);
            assert_eq!(fs::read(at("report")).unwrap(), b"new");
            fs::remove_file(at("report")).unwrap();
        }
        FILES.replace(&at(name), b"new").unwrap();
        assert_eq!(mode("report"), mode("ordinary"));
    }
}
