//! The table of faults and the example in the README match the code.

use test_server::list_faults;

/// Returns the table that the README must contain.
fn table() -> String {
    let row =
        |(fault, seen): (String, &str)| format!("| `{}` | {seen} |\n", fault.replace('|', "\\|"));
    list_faults().map(row).collect()
}

#[test]
fn the_readme_lists_all_faults() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme
        .split_once("| fault | what a client sees |\n| --- | --- |\n")
        .unwrap();
    let (rows, _) = rest.split_once("\n\n").unwrap();
    assert_eq!(
        format!("{rows}\n"),
        table(),
        "the table should be:\n{}",
        table()
    );
}

#[test]
fn the_example_in_the_readme_is_the_test_in_example_rs() {
    let readme = include_str!("../../README.md");
    let (_, code) = include_str!("example.rs").split_once("\n\n").unwrap();
    assert!(readme.contains(&format!("```rust\n{code}```\n")), "{code}");
}
