//! What the files at the top say is true: the documents and the program cannot drift apart unnoticed.

use std::fs;
use std::path::{Path, PathBuf};

use flags::app::Exit;
use flags::record::Kind;

use crate::support::Program;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_changelog_begins_with_this_version() {
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## "));
    assert_eq!(newest, Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_readme_has_each_exit_code_and_no_other() {
    let readme = read("README.md");
    let (_, section) = readme.split_once("## Exit codes").unwrap();
    let (table, _) = section.split_once("\n## ").unwrap();
    let first_cell = |line: &str| {
        line.split('|')
            .nth(1)
            .and_then(|cell| cell.trim().parse().ok())
    };
    let listed: Vec<u8> = table.lines().filter_map(first_cell).collect();
    assert_eq!(listed, Exit::ALL.map(Exit::code));

    let help = Program::new().run(["--help"]).out;
    let (_, explained) = help.split_once("Exit codes: ").unwrap();
    let numbers = explained
        .split_whitespace()
        .filter_map(|word| word.parse().ok());
    assert_eq!(numbers.collect::<Vec<u8>>(), listed);
}

#[test]
fn the_readme_names_only_options_that_there_are() {
    let help = Program::new().run(["--help"]).out;
    let readme = read("README.md");
    let (_, section) = readme.split_once("## By task").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let words = section.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
    let is_option = |word: &&str| {
        word.strip_prefix("--")
            .is_some_and(|name| name.starts_with(char::is_alphabetic))
    };
    let options: Vec<_> = words.filter(is_option).collect();
    assert!(options.len() > 8, "{options:?}");
    for option in options {
        let whole =
            |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-') == option;
        let is_there = help.split_whitespace().any(whole);
        // Shown as an example of an option that is shortened.
        assert!(is_there || option == "--lim", "{option}");
    }
}

#[test]
fn the_list_of_modules_is_the_list_of_files() {
    let map = read("src/lib.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap();
        let is_module =
            path.extension().is_some_and(|e| e == "rs") && !["lib", "main"].contains(&module);
        assert!(
            !is_module || map.contains(&format!("//! * [`{module}`]: ")),
            "{module}"
        );
    }
}

#[test]
fn modules_import_only_from_those_listed_before_them() {
    let map = read("src/lib.rs");
    let listed: Vec<_> = map
        .lines()
        .filter_map(|line| {
            line.strip_prefix("//! * [`")?
                .split_once("`]")
                .map(|(name, _)| name)
        })
        .collect();
    let place = |module: &str| listed.iter().position(|name| *name == module).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports = 0;
    for module in &listed {
        let mut files = vec![source.join(module).with_extension("rs")];
        if let Ok(folder) = fs::read_dir(source.join(module)) {
            files.extend(folder.map(|entry| entry.unwrap().path()));
        }
        for text in files.iter().map(|file| fs::read_to_string(file).unwrap()) {
            for line in text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("use crate::"))
            {
                let imported = line.split([':', ';']).next().unwrap();
                imports += 1;
                assert!(
                    imported == *module || place(imported) < place(module),
                    "{module} imports {imported}"
                );
            }
        }
    }
    assert!(imports > 40, "{imports}");
}

#[test]
fn every_test_file_says_what_it_is_about() {
    for folder in [
        "tests",
        "tests/support",
        "concurrent-futures/tests",
        "test-server/tests",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                assert!(
                    fs::read_to_string(&path).unwrap().starts_with("//! "),
                    "{}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_document_of_reports_has_every_kind() {
    let document = read("docs/reports.md");
    let (_, kinds) = document.split_once("## Kinds").unwrap();
    let listed: Vec<_> = kinds
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(listed, Kind::ALL.map(Kind::word));
}
