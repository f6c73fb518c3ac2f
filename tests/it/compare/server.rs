//! The server of a comparison: its counters, and the state in which each run meets it.

use super::compare;
use crate::support::raw::{RawServer, ok};
use crate::support::{Program, codes, served, server};
use flags::report::{self, RunReport, side_by_side};
use test_server::{Plan, TestServer};

#[test]
fn the_columns_of_server_counters_are_empty_if_the_server_has_none() {
    let flags = TestServer::start(Plan::normal()).unwrap();
    let other = RawServer::answering(ok(&served(&flags, codes(&["br"])[0])));
    let program = Program::new();
    let (run, results) = compare(&program, &["-s", &other.url(), "br", "us"]);
    assert_eq!(run.exit, Some(0), "{}{}", run.out, run.err);
    assert!(results.runs.iter().all(|run| run.seen_by_server.is_none()));
    let mut costs = run
        .out
        .lines()
        .filter(|line| line.starts_with("semaphore "));
    assert!(costs.nth(1).unwrap().ends_with(" -"), "{}", run.out);
}

#[test]
fn a_running_test_server_is_reset_so_that_every_run_meets_the_same_faults() {
    let server = server("60:status=503+transient=2");
    let program = Program::new();
    let url = server.url();
    let (run, results) = compare(&program, &["-s", &url, "b", "--retries", "3"]);
    let attempts = |run: &RunReport| -> u32 { run.records.iter().map(|of| of.attempts).sum() };
    let all: Vec<_> = results.runs.iter().map(attempts).collect();
    assert!(all[0] > 26 && all == [all[0]; 3], "{all:?}");
    assert!(
        run.err
            .contains("the test-server was reset before each run\n"),
        "{}",
        run.err
    );
    let state = results.comparison.unwrap().server;
    assert_eq!(state, report::ServerState::Reset);
}

#[test]
fn a_server_of_another_make_is_left_alone_and_its_state_is_said_to_carry_over() {
    let server = RawServer::answering(ok(b"GIF89a"));
    let program = Program::new();
    let (run, results) = compare(&program, &["-s", &server.url(), "br"]);
    assert!(run.err.contains("its state may carry over"), "{}", run.err);
    let state = results.comparison.as_ref().unwrap().server;
    assert_eq!(state, report::ServerState::Kept);
    let facts = side_by_side(&results).facts;
    assert!(
        facts.iter().any(|(name, _)| *name == "Server state"),
        "{facts:?}"
    );
}

/// The requests that are not for flags carry no credentials.
#[test]
fn a_server_of_another_make_is_asked_for_its_name_and_for_nothing_else() {
    let server = RawServer::recording(ok(b"GIF89a"));
    let program = Program::new();
    let url = server.url().replace("http://", "http://me:secret@");
    compare(&program, &["-s", &url, "br", "--strategy", "sequential"]);
    let heads = server.heads();
    let other: Vec<_> = heads
        .iter()
        .filter(|head| !head.starts_with("GET /flags/br/br.gif "))
        .collect();
    assert_eq!(other.len(), 1, "{heads:?}");
    assert!(other[0].starts_with("HEAD / HTTP/1.1\r\n"), "{heads:?}");
    assert!(
        !other[0].to_lowercase().contains("authorization"),
        "{heads:?}"
    );
    assert_eq!(heads.len(), 2);
}

#[cfg(unix)]
#[test]
fn a_server_that_does_not_say_its_name_does_not_delay_the_end() {
    use crate::support::running::Running;
    use rustix::process::Signal;
    let server = RawServer::stalling_after("");
    let program = Program::new();
    let url = server.url();
    let args = ["-s", &url, "br", "--compare", "--connect-timeout", "3600"];
    let mut running = Running::start(&program, &args);
    assert!(running.line().starts_with("CUSTOM site: "));
    assert_eq!(running.line(), "Searching for 1 flag: BR\n");
    running.signal(Signal::INT);
    assert_eq!(running.wait().exit, Some(130));
}
