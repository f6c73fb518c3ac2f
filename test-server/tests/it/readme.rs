//! The table of faults and the examples of the README match the code.

use test_server::list_faults;

/// Returns the table that docs/faults.md must contain.
fn table() -> String {
    let row =
        |(fault, seen): (String, &str)| format!("| `{}` | {seen} |\n", fault.replace('|', "\\|"));
    list_faults().map(row).collect()
}

#[test]
fn the_page_of_faults_lists_all_of_them() {
    let page = include_str!("../../docs/faults.md");
    let (_, rest) = page
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

#[test]
fn the_test_of_a_client_in_the_readme_is_that_of_the_crate_outside() {
    let readme = include_str!("../../README.md");
    // The published crate does not contain another one.
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/outside/tests/orders.rs"
    );
    let Ok(code) = std::fs::read_to_string(file) else {
        return;
    };
    assert!(readme.contains(&format!("```rust\n{code}```\n")), "{code}");
    assert!(code.lines().count() <= 40, "it is short");
}
