//! The examples print what they say. `cargo test` builds them before it runs this.
#![cfg(unix)]
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

fn sorted_lines(example: &str) -> Vec<String> {
    let mut lines = lines(example);
    lines.sort_unstable();
    lines
}

#[test]
fn two_processes_compute_squares() {
    let one = (1..=3).map(|n| format!("one: the square of {n} is {}", n * n));
    let two = (4..=6).map(|n| format!("two: the square of {n} is {}", n * n));
    assert_eq!(sorted_lines("squares"), one.chain(two).collect::<Vec<_>>());
}

#[test]
fn queues_connect_producers_and_consumers() {
    let squares = (1..=20).map(|n| format!("{n} * {n} = {}", n * n));
    assert_eq!(lines("queue"), squares.collect::<Vec<_>>());
}

#[test]
fn a_killed_worker_leaves_its_job_to_the_others() {
    let expected = [
        "done: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        "of these, the killed process had: [1]",
    ];
    assert_eq!(lines("joinable_queue"), expected);
}

#[test]
fn two_processes_play_ping_pong() {
    let lines = sorted_lines("ping_pong");
    let ping = [
        "ping has received 1",
        "ping has received 3",
        "ping has received 5",
    ];
    let pong = [
        "pong has received 2",
        "pong has received 4",
        "pong has received 6",
    ];
    assert_eq!(lines[..6], [ping, pong].concat());
    assert_eq!(
        lines[6..],
        ["something to receive: false", "something to receive: true"]
    );
}

#[test]
fn a_manager_shares_what_processes_change() {
    let expected = [
        "the copy has 0 entries",
        r#"the capital of BR is Some("Brasília")"#,
        "BR was visited Some(2) times",
        "the numbers are [42, 42]",
        r#"the strategy is Some("threadpool")"#,
    ];
    assert_eq!(lines("manager"), expected);
}

#[test]
fn a_lock_keeps_the_lines_of_a_process_together() {
    let lines = lines("lock");
    for pair in lines.chunks(2) {
        let name = pair[0].strip_suffix(" begins").unwrap();
        assert_eq!(pair[1], format!("{name} ends"));
    }
    assert_eq!(lines.len(), 6);
}

#[test]
fn processes_wait_for_an_event() {
    let lines = lines("event");
    assert_eq!(lines[0], "all are ready, and the event is set: false");
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_condition_wakes_those_who_wait_for_it() {
    assert_eq!(lines("condition"), ["taken: [4, 17]"]);
}

#[test]
fn a_semaphore_limits_how_many_are_inside() {
    assert_eq!(
        lines("semaphore"),
        ["inside now: 0", "never more than two: true"]
    );
}
