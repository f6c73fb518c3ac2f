//! The files of the workspace: heads of test files, licences, and the map of `src/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{crates, entries, read, root, rust_files};

/// The most entries of a folder of source files. With more, a newcomer does not see where to look.
const MAX_ENTRIES: usize = 16;

#[test]
fn every_test_file_starts_with_a_module_comment() {
    let mut files = Vec::new();
    for folder in crates() {
        files.extend(rust_files(&folder.join("tests")));
        files.extend(rust_files(&folder.join("benches")));
    }
    assert!(files.len() > 40, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{}", file.display());
    }
}

#[test]
fn no_module_has_both_a_file_and_a_folder() {
    let mut both = Vec::new();
    for folder in crates() {
        let files = rust_files(&folder.join("src")).into_iter();
        both.extend(files.filter(|file| file.with_extension("").is_dir()));
    }
    assert!(both.is_empty(), "move these files to mod.rs: {both:#?}");
}

#[test]
fn each_crate_carries_both_licences() {
    let mut missing = Vec::new();
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let text = read(name);
        let files = crates().into_iter().map(|folder| folder.join(name));
        missing.extend(files.filter(|file| fs::read_to_string(file).ok().as_ref() != Some(&text)));
    }
    assert!(missing.is_empty(), "missing or different: {missing:#?}");
}

/// Returns the names of the entries of `src/`, with a slash after the name of a folder.
fn src() -> BTreeSet<String> {
    let paths = entries(&root().join("src")).into_iter();
    let names = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let slash = if path.is_dir() { "/" } else { "" };
        format!("{name}{slash}")
    });
    names.collect()
}

/// Returns this folder and all folders in it.
fn folders(folder: PathBuf) -> Vec<PathBuf> {
    let within = entries(&folder).into_iter().filter(|path| path.is_dir());
    let mut all: Vec<_> = within.flat_map(folders).collect();
    all.push(folder);
    all
}

#[test]
fn folders_of_source_files_have_few_entries() {
    let folders: Vec<_> = crates()
        .into_iter()
        .flat_map(|folder| folders(folder.join("src")))
        .collect();
    assert!(folders.len() > 50, "{folders:?}");
    let full = folders.iter().map(|folder| (entries(folder).len(), folder));
    let full: Vec<_> = full.filter(|(count, _)| *count > MAX_ENTRIES).collect();
    assert!(full.is_empty(), "too many entries: {full:#?}");
}

/// Returns the names in the map of `src/`, which is the indented block with `lib.rs`: those at the beginning of each
/// line with the same indentation as `lib.rs`.
fn mapped(document: &str) -> BTreeSet<String> {
    let is_map = |block: &&[&str]| {
        block
            .iter()
            .any(|line| names(line).any(|name| name == "lib.rs"))
    };
    let lines: Vec<_> = document.lines().collect();
    let mut blocks = lines.split(|line| !line.starts_with("    "));
    let map = blocks.find(is_map).unwrap_or_default();
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let lib = map
        .iter()
        .find(|line| names(line).any(|name| name == "lib.rs"));
    let depth = lib.map(|line| indentation(line));
    let level = map.iter().filter(|line| Some(indentation(line)) == depth);
    level
        .flat_map(|line| names(line))
        .map(str::to_owned)
        .collect()
}

/// Returns the names of files and folders at the beginning of a line.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| word.ends_with('/') || word.ends_with(".rs");
    line.split_whitespace().take_while(is_name)
}

#[test]
fn a_map_contains_the_names_at_the_beginning_of_its_lines() {
    let document = "\
# How to

    cargo test

    src/         flags: lib and bin
      app/       one whole run: cli/ to Exit
                 over two lines
      main.rs lib.rs
      country.rs country codes (see server.rs)
        deeper.rs
    docs/        the pages

    other.rs
";
    let expected = ["app/", "country.rs", "lib.rs", "main.rs"];
    assert_eq!(mapped(document), expected.map(str::to_owned).into());
    assert!(mapped("    cargo test\n").is_empty());
}

#[test]
fn the_map_in_contributing_lists_every_entry_of_src() {
    assert_eq!(mapped(&read("CONTRIBUTING.md")), src());
}
