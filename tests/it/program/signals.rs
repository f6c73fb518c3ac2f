//! SIGINT, SIGTERM, SIGHUP and SIGQUIT: the first ends the run with its summary, the second ends the process at once.

use std::io::{BufRead as _, BufReader, PipeWriter, Write as _};
use std::process::Stdio;

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use crate::support::running::Running;
use crate::support::{Program, listing, wait_until};

#[test]
fn a_signal_ends_the_run_with_its_summary_and_no_incomplete_file() {
    let signals = [
        (Signal::INT, 130),
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::QUIT, 131),
    ];
    for (signal, exit) in signals {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let program = Program::new();
        let running = Running::start(&program, &["-s", &server.url(), "b", "-m", "3"]);
        wait_until(&server, |stats| stats.in_flight == 3);
        running.signal(signal);
        let run = running.wait();
        assert!(
            run.out
                .contains("\n0 flags downloaded.\n3 errors.\n23 not attempted.\n"),
            "{}",
            run.out
        );
        assert!(
            run.err
                .contains("interrupted: stopped before the answer was complete: 3 codes\n")
        );
        assert!(
            run.err.ends_with(
                "to go on: the same command with --skip-existing, or --failed FILE after a run with --report FILE.json\n"
            ),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(exit));
        assert!(listing(&program.downloads()).is_empty());
    }
}

/// As with `nohup`, or `&` in a script.
#[cfg(target_os = "linux")]
#[test]
fn signals_that_were_ignored_at_the_start_stay_ignored() {
    let server = TestServer::start(Plan::hold_until(100)).unwrap();
    let program = Program::new();
    let command = program.after("trap '' INT HUP QUIT");
    let running = Running::of(command, &["-s", &server.url(), "br", "us", "fr"]);
    wait_until(&server, |stats| stats.in_flight == 3);
    for signal in [Signal::INT, Signal::HUP, Signal::QUIT] {
        running.signal(signal);
    }
    running.signal(Signal::TERM);
    let run = running.wait();
    assert_eq!(run.exit, Some(143), "{}", run.err);
}

#[test]
fn after_a_signal_the_report_is_named_with_which_to_go_on() {
    let server = TestServer::start(Plan::hold_until(100)).unwrap();
    let program = Program::new();
    let url = server.url();
    let args = ["-s", &url, "b", "--report", "r.csv", "--report", "r.json"];
    let running = Running::start(&program, &args);
    wait_until(&server, |stats| stats.in_flight == 26);
    running.signal(Signal::INT);
    let run = running.wait();
    let hint = "to go on: flags --failed r.json, or the same command with --skip-existing\n";
    assert!(run.err.ends_with(hint), "{}", run.err);
    assert_eq!(run.exit, Some(130));
}

/// As `timeout` does: it signals the process and then its process group.
#[test]
fn the_same_signal_twice_at_once_counts_once() {
    for _ in 0..10 {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let program = Program::new();
        let url = server.url();
        let args = ["-s", &url, "b", "--compare", "--strategy", "semaphore"];
        let running = Running::start(&program, &args);
        wait_until(&server, |stats| stats.in_flight == 26);
        running.signal(Signal::TERM);
        running.signal(Signal::TERM);
        let run = running.wait();
        assert!(
            run.err.ends_with("stopped: 0 of 1 run finished\n"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(143));
    }
}

#[test]
fn a_second_signal_ends_a_run_that_is_blocked_on_its_output() {
    let program = Program::new();
    // The pipe is full and the test does not read it, so the run blocks on its first line.
    let (_reader, writer) = std::io::pipe().unwrap();
    fill(&writer);
    let mut command = program.command();
    let child = command
        .args(["-s", "LOCAL", "br"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running { child, out: None };
    // Printed before that line, and after the run has begun to watch for signals.
    let mut notices = BufReader::new(running.child.stderr.take().unwrap());
    let mut notice = String::new();
    notices.read_line(&mut notice).unwrap();
    assert!(notice.starts_with("LOCAL is served by"), "{notice}");
    running.signal(Signal::TERM);
    running.signal(Signal::INT);
    let _watchdog = running.watchdog();
    let exit = running.child.wait().unwrap().code();
    assert!(matches!(exit, Some(130 | 143)), "{exit:?}");
}

/// Writes to the pipe until it takes no more.
fn fill(mut pipe: &PipeWriter) {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let flags = fcntl_getfl(pipe).unwrap();
    fcntl_setfl(pipe, flags | OFlags::NONBLOCK).unwrap();
    while pipe.write(&[b'-'; 4096]).is_ok() {}
    while pipe.write(b"-").is_ok() {}
    fcntl_setfl(pipe, flags).unwrap();
}
