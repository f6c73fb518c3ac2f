//! The examples for other languages, run if the machine has these.

use std::process::{Command, Output};

use crate::support::skip;

/// Runs a program with the path of the server in its environment. Returns `None` if it is not installed.
fn run(program: &str, args: &[&str]) -> Option<Output> {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let output = Command::new(program)
        .args(args)
        .current_dir(examples)
        .env("TEST_SERVER", env!("CARGO_BIN_EXE_test-server"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("no_proxy", "*")
        .output();
    output.ok()
}

#[track_caller]
fn check(output: &Output, passed: &str) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && out.contains(passed),
        "{out}{err}"
    );
}

#[test]
fn the_example_in_python_passes() {
    let has_pytest =
        run("python3", &["-c", "import pytest"]).is_some_and(|output| output.status.success());
    if !has_pytest {
        return skip("python3 with pytest");
    }
    let output = run(
        "python3",
        &["-m", "pytest", "-q", "-p", "no:cacheprovider", "python"],
    );
    check(&output.unwrap(), "6 passed");
}

#[test]
fn the_example_in_node_passes() {
    // Before version 18, node has no `fetch`.
    let version = run("node", &["-p", "typeof fetch"]);
    if !version.is_some_and(|output| output.stdout.starts_with(b"function")) {
        return skip("node from version 18 on");
    }
    let output = run("node", &["--test", "node/retries.test.mjs"]);
    check(&output.unwrap(), "# pass 6");
}
