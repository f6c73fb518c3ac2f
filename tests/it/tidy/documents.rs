//! README.md, CHANGELOG.md and docs/ agree with the program.

use std::collections::BTreeMap;

use flags::app::Exit;
use flags::record::Kind;

use super::{read, root};
use crate::support::Program;

#[test]
fn the_changelog_starts_with_the_current_version() {
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## "));
    assert_eq!(newest, Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_page_of_exit_codes_and_the_help_list_every_exit_code() {
    let table = read("docs/exit-codes.md");
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
fn the_readme_names_only_options_that_exist() {
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
        let exists = help.split_whitespace().any(whole);
        // The README shows `--lim` as an example of a shortened option.
        assert!(exists || option == "--lim", "{option}");
    }
}

/// Returns the variables that a style sheet declares, for light and for dark, in their order.
fn variables(style: &str) -> impl Iterator<Item = &str> {
    let lines = style.lines().map(str::trim);
    lines.filter(|line| line.starts_with("--"))
}

/// The colours that only charts need.
const OF_CHARTS: [&str; 4] = ["--not-found", "--waiting", "--done", "--queue"];

/// Neither crate may depend on the other, so each has a copy.
#[test]
fn the_pages_of_both_crates_have_the_same_colours() {
    let comparison = read("comparison/src/chart/colours.css");
    let server = read("test-server/src/site/page/page.css");
    let shared: Vec<_> = variables(&comparison)
        .filter(|line| !OF_CHARTS.iter().any(|name| line.starts_with(name)))
        .collect();
    assert!(shared.len() > 15, "{shared:?}");
    assert_eq!(variables(&server).collect::<Vec<_>>(), shared);
}

/// Returns the rules of a style sheet outside of `@media`, each with its declarations by its selector.
fn rules(style: &str) -> BTreeMap<&str, String> {
    let mut rules = BTreeMap::new();
    let mut lines = style.lines();
    while let Some(line) = lines.next() {
        let Some((selector, declarations)) = line.split_once(" {") else {
            continue;
        };
        if selector.starts_with([' ', '@']) {
            continue;
        }
        let mut declarations = declarations.trim().to_owned();
        while !declarations.contains('}') {
            declarations += lines.next().expect("a rule ends with a brace").trim();
        }
        rules.insert(selector, declarations);
    }
    rules
}

#[test]
fn the_pages_of_both_crates_have_the_same_rules_for_html_elements() {
    let (comparison, server) = (
        read("comparison/src/page/base.css"),
        read("test-server/src/site/page/page.css"),
    );
    let (mut comparison, server) = (rules(&comparison), rules(&server));
    // The page of a server has no wide tables and no keys.
    assert!(comparison.remove(".scroll").is_some());
    let code = comparison.remove("code, kbd, samp").unwrap();
    assert_eq!(server["code"], code);
    assert!(comparison.len() > 10, "{comparison:?}");
    for (selector, declarations) in comparison {
        assert_eq!(server.get(selector), Some(&declarations), "{selector}");
    }
}

#[test]
fn docs_reports_lists_every_kind_of_error() {
    let document = read("docs/reports.md");
    let (_, kinds) = document.split_once("## Kinds").unwrap();
    let listed: Vec<_> = kinds
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(listed, Kind::ALL.map(Kind::word));
}

#[test]
fn the_tests_named_beside_those_of_python_exist() {
    let table = read("concurrent-futures/docs/behaviours.md");
    let mut named = 0;
    for (file, test) in table.split('`').filter_map(|code| code.split_once(".rs::")) {
        let folder = if file.starts_with("src/") {
            ""
        } else {
            "tests/"
        };
        let source = read(&format!("concurrent-futures/{folder}{file}.rs"));
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs::{test}");
        named += 1;
    }
    assert!(named > 150, "{named}");
}

#[test]
fn the_files_named_beside_the_programs_of_texts_exist() {
    let page = read("docs/seed-programs.md");
    let mut named = 0;
    for (before, after) in page.split("](").zip(page.split("](").skip(1)) {
        let (_, name) = before.rsplit_once('[').unwrap();
        let (target, _) = after.split_once(')').unwrap();
        // A folder is a member of the workspace, findrobots or gcd, which may be added after its rows.
        if target.starts_with("https:") || target.ends_with('/') {
            continue;
        }
        let path = root().join("docs").join(target.split('#').next().unwrap());
        assert!(path.is_file(), "{target}");
        // An example goes by its name, and a file of the source by its path or the end of it.
        let code = name
            .strip_prefix('`')
            .and_then(|name| name.strip_suffix('`'));
        let matches = |code| path.ends_with(code) || path.with_extension("").ends_with(code);
        assert!(code.is_none_or(matches), "{name}: {target}");
        named += 1;
    }
    assert!(named > 40, "{named}");
}
