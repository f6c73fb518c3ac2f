//! Files and folders on a real disk, with other threads and links in the way.

use super::*;

const FILES: Files = Files::of("some");

fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_created_with_its_parents_and_left_empty() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b/c");
    FILES.prepare_folder(&folder).unwrap();
    FILES.prepare_folder(&folder).unwrap();
    assert!(listing(&folder).is_empty());
}

#[test]
fn a_file_in_place_of_the_folder_is_an_error_that_names_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "mine").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let error = FILES.prepare_folder(&folder).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::NotADirectory);
        assert_eq!(
            error.to_string(),
            format!("cannot write {}", folder.display())
        );
    }
    assert_eq!(fs::read(file).unwrap(), b"mine");
}

#[test]
fn a_sweep_never_removes_a_temporary_folder_in_use() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let creating = scope.spawn(|| {
            for _ in 0..500 {
                let temporary = FILES.temporary_folder(folder.path()).unwrap();
                let file = temporary.path().join("file");
                fs::write(&file, "").unwrap();
                sweep(folder.path(), FILES);
                assert!(file.exists());
            }
        });
        while !creating.is_finished() {
            sweep(folder.path(), FILES);
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
        FILES.prepare(&at("first")).unwrap();
        FILES.replace(&at("first"), bytes).unwrap();
        assert_eq!(fs::read(at("there/file")).unwrap(), bytes);
    }
    std::os::unix::fs::symlink("nowhere/file", at("lost")).unwrap();
    assert!(FILES.prepare(&at("lost")).is_err());
    assert_eq!(listing(&at("there")), ["file"]);
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
        for _ in 0..200 {
            FILES.save(&folder.path().join("file"), b"whole").unwrap();
        }
        done.store(true, Ordering::Relaxed);
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

#[test]
fn a_sweep_removes_what_dead_runs_left_and_nothing_of_a_user() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let dead = FILES.temporary_folder(folder.path()).unwrap();
    fs::write(dead.path().join("flag"), "").unwrap();
    // As a killed run leaves it: neither removed nor locked any longer.
    copy_folder(dead.path().parent().unwrap(), &at(".some-folder-dead12"));
    fs::create_dir(at(".some-folder-empty1")).unwrap();
    fs::write(at(".some-123-Dead12.tmp"), "half a file").unwrap();

    for (name, file) in [
        (".some-folder-mine", "important"),
        (".some-folder-abc123", "important"),
        (".some-folder-abc124", ".temporary"),
        ("some-folder-abc123", ".temporary"),
    ] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join(file), "mine").unwrap();
    }
    fs::create_dir(at(".some-folder-mine2")).unwrap();
    for name in [
        ".some-notes.tmp",
        ".some-12-a.b.tmp",
        ".some-1x-abc123.tmp",
        ".some--abc.tmp",
        ".some-folder-a1.tmp",
    ] {
        fs::write(at(name), "mine").unwrap();
    }
    let mut kept = listing(folder.path());
    kept.retain(|name| {
        ![
            ".some-folder-dead12",
            ".some-folder-empty1",
            ".some-123-Dead12.tmp",
        ]
        .contains(&name.as_str())
    });
    sweep(folder.path(), FILES);
    assert_eq!(listing(folder.path()), kept);
    assert_eq!(
        fs::read(at(".some-folder-mine/important")).unwrap(),
        b"mine"
    );
    assert!(dead.path().join("flag").exists());
}

/// Copies a folder with its subfolders.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_sweep_does_not_wait_at_a_pipe_in_place_of_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join(".some-folder-abc123");
    fs::create_dir(&at).unwrap();
    let mode = rustix::fs::Mode::from(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, at.join(".temporary"), mode).unwrap();
    sweep(folder.path(), FILES);
    assert_eq!(listing(&at), [".temporary"]);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_enter_the_folder_of_a_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = FILES.temporary_folder(parent.path()).unwrap();
    assert!(listing(folder.path()).is_empty());
    let outer = folder.path().parent().unwrap();
    assert_eq!(
        fs::metadata(outer).unwrap().permissions().mode() & 0o777,
        0o700
    );
    drop(folder);
    assert!(listing(parent.path()).is_empty());
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
