//! The examples print what they say. `cargo test` builds them before it runs this. `cargo test --test examples` does not: build
//! them with `cargo build --examples` first.
#![cfg(all(unix, feature = "processes", not(loom)))]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DIVISORS: &str = "[1, 5, 1, 5, 2, 3]";

/// Runs an example and returns the lines that it prints.
fn lines(example: &str) -> Vec<String> {
    lines_with(example, &[])
}

fn lines_with(example: &str, arguments: &[&str]) -> Vec<String> {
    let tests = std::env::current_exe().unwrap();
    let target: PathBuf = tests.ancestors().nth(2).unwrap().to_owned();
    let program = target.join("examples").join(example);
    let output = Command::new(&program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program:?}: {error}: `cargo build --examples` builds it");
    });
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().map(str::to_owned).collect()
}

#[test]
fn every_example_is_run_here() {
    let tests = include_str!("examples.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let examples = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let examples: Vec<_> = examples.collect();
    assert!(examples.len() >= 10, "{examples:?}");
    for example in examples {
        let run = ["lines(", "lines_with("].map(|function| format!("{function}\"{example}\""));
        assert!(run.iter().any(|run| tests.contains(run)), "{example}");
    }
}

#[test]
fn map_returns_the_results_in_the_order_of_the_inputs() {
    let expected = [
        format!("one after another: {DIVISORS}"),
        format!("on two processes: {DIVISORS}"),
        "over two lists: [5, 7, 9]".to_owned(),
    ];
    assert_eq!(lines("map"), expected);
}

#[test]
fn submit_returns_a_future_for_each_call() {
    let expected = [
        format!("results: {DIVISORS}"),
        r#"another function: Ok("flag flag flag ")"#.to_owned(),
    ];
    assert_eq!(lines("submit"), expected);
}

#[test]
fn result_waits_for_the_call_or_until_the_timeout() {
    let expected = [
        "done: false",
        "not in time: timed out waiting for the task",
        "result: Ok(42)",
        "done: true",
        "failed: the task failed: invalid digit found in string",
        "done: true",
    ];
    assert_eq!(lines("result"), expected);
}

#[test]
fn as_completed_yields_results_until_its_timeout() {
    let mut divisors = lines("as_completed");
    let rest = divisors.split_off(6);
    // They arrive in any order.
    divisors.sort_unstable();
    let expected = [
        "(1551645, 2229620): Ok(5)",
        "(1879675, 2493670): Ok(5)",
        "(1963309, 2265973): Ok(1)",
        "(1988912, 4736670): Ok(2)",
        "(2030677, 3814172): Ok(1)",
        "(2198964, 7876293): Ok(3)",
    ];
    assert_eq!(divisors, expected);
    let expected = [
        "fast: Ok(4)",
        "completed: Ok(4)",
        "after the timeout: 1 (of 2) futures unfinished",
        "slow: running true, done false",
        "slow: Ok(17)",
        "slow: running false, done true",
    ];
    assert_eq!(rest, expected);
}

#[test]
fn wait_returns_under_each_of_its_conditions() {
    let expected = [
        r#"first completed: done ["fast"], not done ["slow", "failing"]"#,
        r#"first exception: done ["failing", "fast"], not done ["slow"]"#,
        r#"all completed, or a timeout: done ["failing", "fast"], not done ["slow"]"#,
        r#"all completed: done ["slow", "failing", "fast"], not done []"#,
        "slow: 17",
        "failing: failed, no such flag",
        "fast: 4",
    ];
    assert_eq!(lines("wait"), expected);
}

#[test]
fn callbacks_are_called_with_the_future() {
    let expected = [
        "Got: 17, from another process: true",
        "Got an error: the task failed: 7 is odd",
        "Already done: true",
    ];
    assert_eq!(lines("callback"), expected);
}

#[test]
fn only_a_call_that_has_not_started_can_be_cancelled() {
    let expected = [
        "cancel the call that runs: false",
        "cancel the call in the queue: true",
        "its result: it was cancelled",
        "result of the other: Ok(17)",
        "cancel it when it is done: false",
    ];
    assert_eq!(lines("cancel"), expected);
}

#[test]
fn calls_that_wait_for_their_own_pool_time_out_until_they_are_mended() {
    let expected = [
        "a waits for b: timed out waiting for the task",
        "b waits for a: timed out waiting for the task",
        "mended: Ok(11)",
        "the only worker waits for its own pool: timed out waiting for the task",
        "mended: Ok(25)",
    ];
    assert_eq!(lines("deadlock"), expected);
}

#[test]
fn threads_and_processes_find_the_same_primes() {
    let expected = [
        "112272535095293 is prime: true",
        "112582705942171 is prime: true",
        "112272535095293 is prime: true",
        "115280095190773 is prime: true",
        "115797848077099 is prime: true",
        "1099726899285419 is prime: false",
    ];
    for executor in ["threads", "processes"] {
        let lines = lines_with("primes", &["--executor", executor]);
        assert_eq!(lines, expected, "{executor}");
    }
}

#[test]
fn a_thread_hands_its_work_to_a_pool_of_processes() {
    let expected = [
        "apply: 500000500000",
        "map: [1, 55, 5050]",
        "imap: 1",
        "imap: 55",
        "imap_unordered, sorted: [1, 55, 5050]",
        "starmap: [5, 7, 9]",
    ];
    assert_eq!(lines("apply"), expected);
}
