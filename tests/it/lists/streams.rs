//! Lists that another program is still writing.

use std::fs;
use std::io::Write as _;
use std::process::{ChildStdin, Stdio};

use rustix::process::Signal;
use test_server::{Plan, TestServer};

use super::{list, site};
use crate::support::running::Running;
use crate::support::{Program, STRATEGIES, in_parallel, listing, make_pipe};

/// Starts a run over standard input, and returns it with the end that a test writes to.
fn start(program: &Program, args: &[&str]) -> (Running, ChildStdin) {
    let mut command = program.command();
    command.stdin(Stdio::piped()).args(["--input", "-", "-v"]);
    let mut running = Running::of(command, args);
    let stdin = running.child.stdin.take().unwrap();
    (running, stdin)
}

#[test]
fn each_file_is_downloaded_and_reported_before_the_next_line_is_written() {
    let server = site();
    in_parallel(STRATEGIES, |strategy| {
        let program = Program::new();
        let (mut running, mut stdin) = start(&program, &["--strategy", strategy]);
        let write = |stdin: &mut ChildStdin, path: &str| {
            let line = list(&server, &[path]);
            stdin.write_all(line.as_bytes()).unwrap();
        };
        write(&mut stdin, "0.txt");
        let first = "Searching for files as they are listed: 0.txt first\n";
        assert_eq!(running.line(), first, "{strategy}");
        assert!(running.line().ends_with(" will be used.\n"));
        assert_eq!(running.line(), "0.txt OK\n");
        for number in 1..4 {
            let name = format!("{number}.txt");
            write(&mut stdin, &name);
            assert_eq!(running.line(), format!("{name} OK\n"), "{strategy}");
        }
        drop(stdin);
        let run = running.wait();
        assert!(run.out.contains("\n4 files downloaded.\n"), "{}", run.out);
        assert_eq!(run.exit, Some(0), "{}", run.err);
        assert_eq!(listing(&program.downloads()).len(), 4);
    });
}

#[test]
fn a_signal_ends_a_run_that_waits_for_the_next_line() {
    let server = site();
    in_parallel(STRATEGIES, |strategy| {
        let program = Program::new();
        let (mut running, mut stdin) = start(&program, &["--strategy", strategy]);
        let lines = list(&server, &["a.txt", "missing"]);
        stdin.write_all(lines.as_bytes()).unwrap();
        let mut lines = [(); 4].map(|()| running.line());
        lines.sort();
        assert!(
            lines.contains(&"missing not found\n".to_owned()),
            "{lines:?}"
        );
        running.signal(Signal::INT);
        let run = running.wait();
        drop(stdin);
        assert!(
            run.out.contains("\n1 file downloaded.\n1 not found.\n"),
            "{}",
            run.out
        );
        assert!(
            run.err.contains("\nthe rest of - was not read\n"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(130), "{strategy}");
    });
}

#[test]
fn lines_that_were_read_ahead_are_not_lost_when_the_run_ends_before_them() {
    let server = TestServer::start(Plan::hold_until(100)).unwrap();
    in_parallel(STRATEGIES, |strategy| {
        let program = Program::new();
        let args = [
            "--strategy",
            strategy,
            "-m",
            "1",
            "--report",
            "r.jsonl",
            "--max-time",
            "0.3",
        ];
        let (running, mut stdin) = start(&program, &args);
        let line = |number| format!("{}/br/br.gif\t{number}.gif\n", server.url());
        let text: String = (0..20).map(line).collect();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        let run = running.wait();
        assert!(
            run.err.contains("the rest of - was not read\n"),
            "{}",
            run.err
        );
        let hint = "\nto go on: flags --failed r.jsonl --input FILE\n";
        assert!(run.err.ends_with(hint), "{}", run.err);
        fs::write(program.folder.path().join("list"), &text).unwrap();
        let again = program.run(["--failed", "r.jsonl", "--input", "list", "--list"]);
        assert_eq!(again.out.lines().count(), 20, "{strategy}: {}", again.err);
    });
}

#[test]
fn a_signal_ends_a_run_that_waits_for_the_first_line() {
    let program = Program::new();
    let (running, stdin) = start(&program, &["--max-time", "0.2"]);
    let run = running.wait();
    drop(stdin);
    let start = "Searching for 0 files: none\n";
    assert!(run.out.starts_with(start), "{}", run.out);
    assert!(
        run.err.contains("the rest of - was not read\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(1));
}

#[test]
fn a_named_pipe_is_a_stream_as_well() {
    let server = site();
    let program = Program::new();
    let pipe = program.folder.path().join("pipe");
    make_pipe(&pipe);
    let running = Running::start(&program, &["--input", "pipe", "--limit", "2"]);
    let text = list(&server, &["a.txt", "b.txt", "c.txt"]);
    std::fs::write(&pipe, text).unwrap();
    let run = running.wait();
    let start = "Searching for files as they are listed: a.txt first\n";
    assert!(run.out.starts_with(start), "{}", run.out);
    assert_eq!(listing(&program.downloads()), ["a.txt", "b.txt"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
}

#[test]
fn an_empty_stream_is_a_run_over_nothing() {
    let program = Program::new();
    let (running, stdin) = start(&program, &[]);
    drop(stdin);
    let run = running.wait();
    assert!(
        run.out.starts_with("Searching for 0 files: none\n"),
        "{}",
        run.out
    );
    assert!(run.out.contains("\n0 files downloaded.\n"), "{}", run.out);
    assert_eq!(run.exit, Some(0), "{}", run.err);
}

#[test]
fn the_items_of_a_stream_are_printed_as_they_come_until_they_are_no_longer_read() {
    let program = Program::new();
    let (mut running, mut stdin) = start(&program, &["--list"]);
    for number in 0..3 {
        let url = format!("http://127.0.0.1:9/{number}.txt");
        writeln!(stdin, "{url}").unwrap();
        assert_eq!(running.line(), format!("{number}.txt {url}\n"));
    }
    running.out = None;
    // Any of these lines may be the first that is not read.
    while writeln!(stdin, "http://127.0.0.1:9/more.txt").is_ok() {}
    let run = running.wait();
    assert_eq!((run.exit, &*run.err), (Some(141), ""));
}
