//! The examples print what they say. `cargo test` builds them before it runs this.
#![cfg(all(unix, feature = "processes", not(loom)))]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::path::PathBuf;
use std::process::Command;

/// Runs an example and returns the lines that it prints.
fn lines(example: &str) -> Vec<String> {
    let tests = std::env::current_exe().unwrap();
    let target: PathBuf = tests.ancestors().nth(2).unwrap().to_owned();
    let program = target.join("examples").join(example);
    let output = Command::new(&program).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program:?}: {error}: `cargo build --examples` builds it");
    });
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(str::to_owned).collect()
}

#[test]
fn a_thread_hands_its_work_to_a_pool_of_processes() {
    let expected = [
        "apply: 500000500000",
        "map: [1, 55, 5050]",
        "imap: 1",
        "imap: 55",
        "imap_unordered, sorted: [1, 55, 5050]",
        "starmap, or map over two inputs: [5, 7, 9]",
    ];
    assert_eq!(lines("apply"), expected);
}

#[test]
fn futures_are_running_or_done_around_wait_and_as_completed() {
    let expected = [
        "wait: 1 done, 1 not",
        "the fast one: running false, done true",
        "the slow one: running true, done false",
        "cancel the slow one: false",
        "as_completed: Ok(4)",
        "as_completed: 1 (of 2) futures unfinished",
    ];
    let lines = lines("futures");
    assert_eq!(lines[..6], expected);
    // The callback runs in a worker, at any time beside these.
    let mut rest = lines[6..].to_vec();
    rest.sort_unstable();
    let ended = "at the end: running false, done true";
    assert_eq!(rest, [ended, ended, "callback: Ok(17)"]);
}
