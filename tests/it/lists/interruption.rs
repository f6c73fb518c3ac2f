//! Ctrl-C during a run over a list.

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use super::program;
use crate::support::running::Running;
use crate::support::{STRATEGIES, listing, wait_until};

#[test]
fn a_signal_ends_the_run_with_every_line_accounted_for_and_no_incomplete_file() {
    for (strategy, in_flight) in STRATEGIES.into_iter().zip([1, 3, 3]) {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let line = |cc| format!("{}/{cc}/{cc}.gif\n", server.url());
        let program = program(["br", "cn", "de", "fr", "us"].map(line).concat());
        let args = ["--input", "list", "-m", "3", "--strategy", strategy];
        let running = Running::start(&program, &args);
        wait_until(&server, |stats| stats.in_flight == in_flight);
        running.signal(Signal::INT);
        let run = running.wait();
        let (errors, left) = match in_flight {
            1 => ("1 error", 4),
            _ => ("3 errors", 2),
        };
        let counts = format!("\n0 files downloaded.\n{errors}.\n{left} not attempted.\n");
        assert!(run.out.contains(&counts), "{}", run.out);
        let hint = "to go on: --failed FILE, after a run with --report FILE.jsonl\n";
        assert!(run.err.ends_with(hint), "{}", run.err);
        assert_eq!(run.exit, Some(130));
        assert!(listing(&program.downloads()).is_empty());
    }
}

#[test]
fn the_rest_of_a_long_list_is_counted_and_not_read_after_a_signal() {
    for strategy in STRATEGIES {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let line = format!("{}/br/br.gif\n", server.url());
        let program = program(line.repeat(30_000));
        let args = [
            "--input",
            "list",
            "-m",
            "1",
            "--strategy",
            strategy,
            "--report",
            "r.jsonl",
        ];
        let running = Running::start(&program, &args);
        wait_until(&server, |stats| stats.in_flight == 1);
        running.signal(Signal::INT);
        let run = running.wait();
        let counts = "\n0 files downloaded.\n1 error.\n29999 not attempted.\n";
        assert!(run.out.contains(counts), "{}", run.out);
        assert!(
            run.err.contains("the rest of list was not read\n"),
            "{}",
            run.err
        );
        let report = std::fs::read_to_string(program.folder.path().join("r.jsonl")).unwrap();
        assert!(report.lines().count() < 15_000);
        let again = program.run(["--failed", "r.jsonl", "--list"]);
        assert_eq!(again.out.lines().count(), 30_000, "{}", again.err);
    }
}
