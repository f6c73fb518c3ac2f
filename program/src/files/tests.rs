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
