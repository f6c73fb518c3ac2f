//! The README's table of faults is the list of faults, and its example is a test that runs.

use test_server::list_faults;

/// The table as the README has to have it.
fn table() -> String {
    let row =
        |(fault, seen): (String, &str)| format!("| `{}` | {seen} |\n", fault.replace('|', "\\|"));
    list_faults().map(row).collect()
}

#[test]
fn the_table_of_faults_is_the_list_of_faults() {
    let readme = include_str!("../../README.md");
    let (_, behind) = readme
        .split_once("| fault | what a client sees |\n| --- | --- |\n")
        .unwrap();
    let (rows, _) = behind.split_once("\n\n").unwrap();
    assert_eq!(
        format!("{rows}\n"),
        table(),
        "the table should be:\n{}",
        table()
    );
}

#[test]
fn the_example_is_the_test_beside_this_one() {
    let readme = include_str!("../../README.md");
    let (_, code) = include_str!("example.rs").split_once("\n\n").unwrap();
    assert!(readme.contains(&format!("```rust\n{code}```\n")), "{code}");
}
