//! Files and folders on a real disk, with other threads and links in the way.
//!
//! * `saving`: files that are created or replaced
//! * `tree`: files in subfolders
//! * `partial`: files under construction that outlive their run

use super::*;

#[cfg(unix)]
mod partial;
mod saving;
#[cfg(unix)]
mod tree;

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

/// A run that is killed while it removes its folder must leave the mark, or no run would ever remove the rest. So the mark is
/// removed last: it stays if the content cannot be removed, which is not a folder here.
#[test]
fn the_mark_of_a_temporary_folder_is_removed_after_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = FILES.temporary_folder(folder.path()).unwrap();
    let content = temporary.path().to_owned();
    fs::remove_dir(&content).unwrap();
    fs::write(&content, "").unwrap();
    let whole = content.parent().unwrap().to_owned();
    drop(temporary);
    assert_eq!(listing(&whole), [".temporary", "content"]);
    sweep(folder.path(), FILES);
    assert_eq!(listing(&whole), [".temporary", "content"]);

    fs::remove_file(&content).unwrap();
    fs::create_dir_all(content.join("sub")).unwrap();
    sweep(folder.path(), FILES);
    assert!(listing(folder.path()).is_empty());
}

#[test]
fn a_marked_folder_without_content_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = FILES.temporary_folder(folder.path()).unwrap();
    copy_folder(
        temporary.path().parent().unwrap(),
        &folder.path().join(".some-folder-dead12"),
    );
    fs::remove_dir(folder.path().join(".some-folder-dead12/content")).unwrap();
    drop(temporary);
    sweep(folder.path(), FILES);
    assert!(listing(folder.path()).is_empty());
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
