//! Signals in the middle of a run: what is known so far is printed, and no process is left over.

use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process};

use crate::support::log::{misses, request};
use crate::support::pack::{bgzf, gzip};
use crate::support::running::{Running, is_alive, state, wait_until};
use crate::support::{EXECUTORS, Folder, Run, hit, hits};

/// Writes a small log with the host `early`, and a log that takes many seconds to read. Returns the arguments that read both.
///
/// Only one executor is fast enough to read the small one before the signal, so a test must not rely on it.
fn long_read(folder: &Folder) -> Vec<String> {
    // One file of 64 MB, read five hundred times.
    let lines = misses(1_000_000).repeat(64);
    folder.write("long.log.gz", gzip(&[hit("early"), lines].concat()));
    vec!["long.log.gz".to_owned(); 500]
}

#[test]
fn a_signal_in_the_middle_of_a_read_prints_what_is_known_so_far() {
    let folder = Folder::new();
    let args = long_read(&folder);
    let path = folder.path().canonicalize().unwrap().join("long.log.gz");
    for executor in EXECUTORS {
        for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let mut command = folder.command();
            let running = Running::start(
                command
                    .args(["--executor", executor, "-j", "2"])
                    .args(&args),
            );
            running.reader_of(&path);
            let workers = running.workers();
            running.signal(signal);
            let run = running.wait();
            assert_eq!(run.exit, Some(exit), "{executor}: {}", run.err);
            // The host, unless no worker had got that far.
            assert!(
                ["", "early\n"].contains(&&*run.text()),
                "{executor}: {}",
                run.text()
            );
            assert!(
                run.err.starts_with("500 files: "),
                "{executor}: {}",
                run.err
            );
            assert!(
                run.err.contains(" not attempted, "),
                "{executor}: {}",
                run.err
            );
            assert_eq!(run.err.lines().count(), 1, "{executor}: {}", run.err);
            for worker in workers {
                assert!(!is_alive(worker), "{executor}: {worker:?}");
            }
        }
    }
}

#[test]
fn lines_that_have_come_on_standard_input_count_when_a_signal_comes() {
    let few = hits(&["a", "b"]);
    let many = [hits(&["c"]), misses(5000), hits(&["d"])].concat();
    let begun = request("cut", "GET /robots.txt\n");
    let begun = begun.split(|byte| *byte == b'\n').next().unwrap();
    let folder = Folder::new();
    for (input, hosts) in [
        (b"\n".to_vec(), ""),
        (few.clone(), "a\nb\n"),
        (many.clone(), "c\nd\n"),
        // What follows may be another path.
        ([&few[..], begun].concat(), "a\nb\n"),
        ([&many[..], begun].concat(), "c\nd\n"),
        (gzip(&few), "a\nb\n"),
        (bgzf(&few, 60_000), "a\nb\n"),
        (
            [gzip(&few), gzip(&many)[..200].to_vec()].concat(),
            "a\nb\nc\n",
        ),
    ] {
        for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let mut command = folder.command();
            let mut running = Running::start(command.arg("-").stdin(Stdio::piped()));
            let mut stdin = running.child.stdin.take().unwrap();
            running.write(&mut stdin, &input);
            running.signal(signal);
            let run = running.wait();
            assert_eq!((&*run.text(), run.exit), (hosts, Some(exit)), "{}", run.err);
            assert!(!run.err.contains("***"), "{}", run.err);
            drop(stdin);
        }
    }
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    let folder = Folder::new();
    let args = long_read(&folder);
    let path = folder.path().canonicalize().unwrap().join("long.log.gz");
    let mut command = folder.command();
    let mut running = Running::start(
        command
            .args(["--executor", "processes", "-j", "1"])
            .args(&args),
    );
    let worker = running.reader_of(&path);
    // A worker that does not answer keeps the run from ending.
    kill_process(worker, Signal::STOP).unwrap();
    wait_until("the worker stands still", || {
        (state(worker)? == 'T').then_some(())
    });
    running.signal(Signal::INT);
    running.signal(Signal::TERM);
    let ended = wait_until("the program has ended", || {
        running.child.try_wait().unwrap()
    });
    // The worker sees that the program has gone, and ends. Until then it keeps standard error open.
    let _ = kill_process(worker, Signal::CONT);
    wait_until("the worker has ended", || (!is_alive(worker)).then_some(()));
    let run = running.wait();
    assert_eq!(run.exit, ended.code());
    // The watcher may see the second one first.
    assert!([Some(130), Some(143)].contains(&run.exit), "{:?}", run.exit);
    assert_eq!((&*run.text(), &*run.err), ("", ""));
}

#[test]
fn a_signal_ends_a_run_that_is_blocked_on_its_output() {
    let folder = Folder::new();
    let hosts: Vec<_> = (0..20_000).map(|number| format!("host-{number}")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    folder.write("x.log", hits(&hosts));
    let mut running = Running::start(folder.command().arg("x.log"));
    // The pipe is full before all hosts are written, and the test does not read it.
    let stdout = running.child.stdout.take().unwrap();
    wait_until("the pipe is full", || {
        (rustix::io::ioctl_fionread(&stdout).unwrap() >= 60_000).then_some(())
    });
    running.signal(Signal::INT);
    let run = running.wait();
    assert_eq!((run.exit, &*run.err), (Some(130), ""));
    drop(stdout);
}

#[test]
fn a_signal_ends_the_wait_for_the_writer_of_a_pipe() {
    let folder = Folder::new();
    folder.write("x.log", hit("first"));
    let pipe = folder.path().canonicalize().unwrap().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let running = Running::start(folder.command().args(["-q", "x.log", "pipe"]));
    running.reader_of(&pipe);
    running.signal(Signal::INT);
    let run = running.wait();
    assert_eq!(
        (run.exit, &*run.text(), &*run.err),
        (Some(130), "first\n", "")
    );
}

/// tokio panics instead of returning the error when it cannot create its sockets for signals.
#[test]
fn with_too_few_descriptors_a_run_reports_an_error_and_does_not_panic() {
    let folder = Folder::new();
    folder.write("a.log", hit("a"));
    let mut refused = 0;
    for limit in 4..=12 {
        for executor in EXECUTORS {
            let limited = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
            let mut command = Command::new("sh");
            command.current_dir(folder.path()).args(["-c", &limited]);
            command.arg(folder.command().get_program());
            let run = Run::of(command.args(["-q", "--executor", executor, "a.log"]), b"");
            assert!(
                matches!(run.exit, Some(0 | 1)),
                "{limit}: {:?} {}",
                run.exit,
                run.err
            );
            assert!(!run.err.contains("panicked"), "{limit}: {}", run.err);
            let expected = "*** Error: cannot watch for signals: Too many open files";
            refused += u32::from(run.err.starts_with(expected));
        }
    }
    assert!(refused > 6, "{refused}");
}
