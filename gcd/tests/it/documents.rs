//! The help and the README agree with the program.

use program::Exit;

use crate::support::gcd;

#[test]
fn the_help_lists_every_exit_code() {
    let help = gcd(["--help"]);
    assert_eq!((help.exit, &*help.err), (Some(0), ""));
    let (_, explained) = help.out.split_once("Exit codes: ").unwrap();
    let numbers = explained
        .split_whitespace()
        .filter_map(|word| word.parse().ok());
    assert_eq!(numbers.collect::<Vec<u8>>(), Exit::ALL.map(Exit::code));
}

#[test]
fn the_readme_names_only_options_that_exist() {
    let help = gcd(["--help"]).out;
    let readme = include_str!("../../README.md");
    let words = readme.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    let options = words.filter(|word| {
        word.strip_prefix("--")
            .is_some_and(|name| name.starts_with(char::is_alphabetic))
    });
    // Those of cargo.
    let options: Vec<_> = options
        .filter(|option| !["--release"].contains(option))
        .collect();
    assert!(options.len() > 4, "{options:?}");
    for option in options {
        let exists = help
            .split_whitespace()
            .any(|word| word.trim_matches(',') == option);
        assert!(exists, "{option}");
    }
}
