//! Comparisons that are interrupted, stopped or killed, and those whose program file is replaced.

use std::fs;

use super::{results, rows};
use crate::support::{Program, codes, listing, served, server};
use flags::report;
use test_server::{Plan, TestServer};

#[cfg(unix)]
#[test]
fn an_interrupted_comparison_shows_the_finished_runs_and_leaves_no_temporary_folder() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::Signal;
    for (signal, exit, name) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        // Answers at first. After the first 26 requests, holds every answer until 100 requests are in flight, so a run
        // hangs.
        let server = TestServer::start(Plan::normal()).unwrap();
        let program = Program::new();
        let url = server.url();
        let args = [
            "-s",
            &url,
            "b",
            "--compare",
            "--report",
            "c.json",
            "-m",
            "2",
        ];
        let rounds = ["--rounds", "1000", "--strategy", "sequential,semaphore"];
        let running = Running::start(&program, &[&args[..], &rounds].concat());
        // The flags of the first run are where they belong, so it has finished. Looked at with each request of later runs.
        let downloads = program.downloads();
        let is_saved = || downloads.join("bz.gif").exists();
        wait_until(&server, |_| is_saved());
        server.set_plan(Plan::hold_until(100)).unwrap();
        wait_until(&server, |stats| stats.in_flight > 0);
        running.signal(signal);
        let run = running.wait();
        assert_eq!(run.exit, Some(exit), "{}{}", run.out, run.err);
        assert!(
            run.err.contains("stopped: ") && run.err.contains(" of 2000 runs finished\n"),
            "{}",
            run.err
        );
        let results = results(&program);
        let (last, finished) = results.runs.split_last().unwrap();
        assert_eq!(last.ended_by.map(report::Signal::name), Some(name));
        assert!(finished.iter().all(|run| run.ended_by.is_none()) && !finished.is_empty());
        assert!(
            rows(&run.out).iter().any(|row| row[0] == "sequential"),
            "{}",
            run.out
        );
        wait_until(&server, |stats| stats.in_flight == 0);
        assert_eq!(
            listing(&program.downloads()).len(),
            17,
            "the flags, and no folder"
        );
    }
}

/// A terminal sends Ctrl-C to the whole process group. The process of a run must get one signal, not a second one that
/// ends it without a report.
#[cfg(unix)]
#[test]
fn ctrl_c_in_a_terminal_reaches_the_process_of_a_run_only_once() {
    use std::os::unix::process::CommandExt as _;

    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::{Pid, Signal, kill_process_group};
    for _ in 0..5 {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let program = Program::new();
        let mut command = program.command();
        command.process_group(0);
        let url = server.url();
        let args = ["-s", &url, "b", "--compare", "--strategy", "semaphore"];
        let running = Running::of(command, &[&args[..], &["--report", "c.json"]].concat());
        wait_until(&server, |stats| stats.in_flight == 26);
        kill_process_group(Pid::from_child(&running.child), Signal::INT).unwrap();
        let run = running.wait();
        assert_eq!(run.exit, Some(130), "{}", run.err);
        let ended_by = results(&program).runs[0].ended_by;
        assert_eq!(ended_by, Some(report::Signal::Interrupt), "{}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn the_process_of_a_run_ends_when_its_comparison_is_killed() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::Signal;
    let server = TestServer::start(Plan::hold_until(100)).unwrap();
    let program = Program::new();
    let url = server.url();
    let args = ["-s", &url, "b", "--compare", "--timeout", "3600"];
    let running = Running::start(&program, &args);
    wait_until(&server, |stats| stats.in_flight == 1);
    running.signal(Signal::KILL);
    wait_until(&server, |stats| stats.in_flight == 0);
    assert_eq!(running.wait().exit, None);
}

#[cfg(target_os = "linux")]
#[test]
fn a_comparison_continues_after_the_file_of_the_program_is_removed() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    let server = server("100:hold=2");
    let program = Program::new();
    let url = server.url();
    let args = ["-s", &url, "br", "--compare", "--rounds", "1"];
    let running = Running::of(program.copied_inside(&["env"]), &args);
    wait_until(&server, |stats| stats.in_flight == 1);
    fs::remove_file(program.folder.path().join("flags")).unwrap();
    // A second request releases the first one of each run.
    let waited = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| running.wait());
        while !waiting.is_finished() {
            let held = server.wait_until(std::time::Duration::from_millis(100), |stats| {
                stats.in_flight == 1
            });
            if held.is_ok() {
                served(&server, codes(&["br"])[0]);
            }
        }
        waiting.join()
    });
    let run = waited.unwrap();
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(rows(&run.out).len(), 3, "{}", run.out);
}

#[cfg(unix)]
#[test]
fn an_early_ctrl_c_is_no_error_of_a_run() {
    use std::os::unix::process::CommandExt as _;

    use crate::support::running::Running;
    use rustix::process::{Pid, Signal, kill_process_group};
    for _ in 0..30 {
        let program = Program::new();
        let mut command = program.command();
        command.process_group(0);
        let args = ["-s", "DELAY", "b", "--compare"];
        let mut running = Running::of(command, &args);
        // From then on, a process is started for the first run.
        assert!(running.line().starts_with("DELAY site: "));
        kill_process_group(Pid::from_child(&running.child), Signal::INT).unwrap();
        let run = running.wait();
        assert_eq!(run.exit, Some(130), "{}", run.err);
        assert!(!run.err.contains("*** Error"), "{}", run.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_was_stopped_and_continued_is_made_again() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::{Pid, Signal, kill_process};
    let server = server("100:hold=2");
    let program = Program::new();
    let url = server.url();
    let args = [
        "-s",
        &url,
        "br",
        "--compare",
        "--strategy",
        "sequential",
        "--report",
        "c.json",
    ];
    let running = Running::start(&program, &[&args[..], &["--rounds", "1"]].concat());
    wait_until(&server, |stats| stats.in_flight == 1);
    let pid = running.child.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let child = Pid::from_raw(children.trim().parse().unwrap()).unwrap();
    kill_process(child, Signal::STOP).unwrap();
    kill_process(child, Signal::CONT).unwrap();
    // Each second request releases the first one. The server is reset before the run is made again.
    served(&server, codes(&["us"])[0]);
    wait_until(&server, |stats| stats.in_flight == 1 && stats.requests == 1);
    served(&server, codes(&["us"])[0]);
    let run = running.wait();
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert!(
        run.err.contains("the run was stopped and continued"),
        "{}",
        run.err
    );
    assert_eq!(results(&program).runs.len(), 1);
}

/// The lock of the folder ends with the comparing process.
#[cfg(unix)]
#[test]
fn a_killed_comparison_leaves_no_process_and_the_next_run_removes_its_folder() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::Signal;
    let program = Program::new();
    for _ in 0..5 {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let url = server.url();
        let running = Running::start(&program, &["-s", &url, "b", "--compare"]);
        wait_until(&server, |stats| stats.in_flight == 1);
        assert_eq!(listing(&program.downloads()).len(), 1);
        running.signal(Signal::KILL);
        // The process of the run has ended with its connection.
        wait_until(&server, |stats| stats.open_connections == 0);
        drop(running);
        assert_eq!(program.run(["xx"]).exit, Some(0));
        assert_eq!(listing(&program.downloads()), [""; 0]);
    }
}
