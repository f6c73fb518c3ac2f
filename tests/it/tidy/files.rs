//! The files of the workspace: heads, licences, and the map of `src/`.

use std::collections::BTreeSet;
use std::fs;

use super::{crates, entries, read, root, rust_files};

/// More than these, and a newcomer does not see which one holds a thing.
const MOST_ENTRIES: usize = 16;

#[test]
fn every_test_file_says_what_it_is_about() {
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
    assert!(both.is_empty(), "its head belongs in mod.rs: {both:#?}");
}

#[test]
fn each_crate_carries_both_licences() {
    let mut missing = Vec::new();
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let text = read(name);
        let files = crates().into_iter().map(|folder| folder.join(name));
        missing.extend(files.filter(|file| fs::read_to_string(file).ok().as_ref() != Some(&text)));
    }
    assert!(missing.is_empty(), "not there, or different: {missing:#?}");
}

/// The names of the entries of `src/`, those of folders with a slash.
fn src() -> BTreeSet<String> {
    let paths = entries(&root().join("src")).into_iter();
    let names = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let slash = if path.is_dir() { "/" } else { "" };
        format!("{name}{slash}")
    });
    names.collect()
}

#[test]
fn src_has_few_entries() {
    let src = src();
    assert!(src.len() <= MOST_ENTRIES, "{} are {src:?}", src.len());
}

/// The names in a map of `src/`: of the indented block with `lib.rs`, those at the beginnings of the lines that are indented
/// as far as that.
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

/// The names of files and folders that a line begins with.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| word.ends_with('/') || word.ends_with(".rs");
    line.split_whitespace().take_while(is_name)
}

#[test]
fn a_map_has_the_names_its_lines_begin_with() {
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
fn the_map_in_contributing_has_each_entry_of_src() {
    assert_eq!(mapped(&read("CONTRIBUTING.md")), src());
}
