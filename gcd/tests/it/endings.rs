//! How the program ends: usage errors, signals, and an output or a report that cannot be written.

use std::process::{Command, Stdio};

use crate::support::{GCD, Run, gcd};

#[test]
fn usage_errors_end_before_any_output() {
    for args in [
        &["0,5"][..],
        &["a,b"],
        &["1"],
        &["1,2,3"],
        &["-1,2"],
        &["99999999999999999999,1"],
        &["12,18", "--pairs", "four"],
        &["--repeat", "0"],
        &["-j", "0"],
        &["--at", "2"],
        &["--report", "page.txt"],
    ] {
        let run = gcd(args);
        assert_eq!((run.exit, &*run.out), (Some(2), ""), "{args:?}");
        assert!(run.err.starts_with("error: "), "{}", run.err);
    }
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing/r.html");
    let run = gcd(["--report", file.to_str().unwrap()]);
    assert_eq!((run.exit, &*run.out), (Some(3), ""), "{run:?}");
    assert!(
        run.err.starts_with("*** Error: cannot write "),
        "{}",
        run.err
    );
}

#[test]
fn a_reader_that_has_gone_is_not_an_error_message() {
    let mut command = Command::new(GCD);
    command.args(["12,18", "--quiet"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.exit, &*run.err), (Some(141), ""));
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;

    use rustix::process::{Signal, kill_process};

    use super::*;
    use crate::support::{ENDLESS, Running, wait_until_gone};

    #[test]
    fn a_full_disk_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(GCD).args(["12,18"]).stdout(full).output();
        let run = Run::of(output.unwrap());
        assert_eq!(run.exit, Some(3));
        assert!(
            run.err
                .contains("*** Error: cannot write to standard output: "),
            "{}",
            run.err
        );
    }

    #[test]
    fn a_signal_ends_a_pair_that_would_take_for_ever() {
        for executor in ["sequential", "threads", "processes"] {
            for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
                let args = ["--executor", executor, "-j", "1", "12,18", ENDLESS, "5,7"];
                let running = Running::start(&args);
                let computes = running.wait_until_busy();
                running.signal(signal);
                let run = running.wait();
                assert_eq!(run.exit, Some(exit), "{executor}: {run:?}");
                let lines = run.lines();
                assert_eq!(lines[0], "[6, -, -]", "{executor}: {run:?}");
                assert!(lines[1].starts_with("Took ") && lines.len() == 2, "{run:?}");
                assert!(
                    run.err.ends_with("stopped: 1 of 3 pairs computed\n"),
                    "{}",
                    run.err
                );
                wait_until_gone(computes);
            }
        }
    }

    #[test]
    fn a_signal_during_the_sequential_run_leaves_the_results() {
        // Two processes for a second each, then one thread for two seconds.
        let args = ["--executor", "processes", "-j", "2", "--repeat", "20"];
        let running = Running::start(&args);
        // Only the sequential run is in the process itself.
        let own = running.processes()[0].0;
        while running.wait_until_busy() != own {}
        running.signal(Signal::INT);
        let run = running.wait();
        assert_eq!(run.exit, Some(130), "{run:?}");
        assert_eq!(run.lines()[0], "[1, 5, 1, 5, 2, 3]");
        assert_eq!(run.lines().len(), 2, "{run:?}");
        assert!(
            run.err
                .ends_with("stopped: no sequential run to compare with\n"),
            "{}",
            run.err
        );
    }

    #[test]
    fn a_signal_ends_a_comparison_and_all_its_processes() {
        for executor in ["sequential", "threads", "processes"] {
            let args = format!("--compare --executor {executor} -j 2 --warmup 0 12,18 {ENDLESS}");
            let args: Vec<_> = args.split(' ').collect();
            let running = Running::start(&args);
            running.wait_until_busy();
            let processes = running.processes();
            assert!(processes.len() > 1, "{executor}: {processes:?}");
            running.signal(Signal::INT);
            let run = running.wait();
            assert_eq!(
                (run.exit, &*run.out),
                (Some(130), ""),
                "{executor}: {run:?}"
            );
            assert!(
                run.err.ends_with("stopped: 0 of 1 run finished\n"),
                "{}",
                run.err
            );
            for (pid, _) in processes {
                wait_until_gone(pid);
            }
        }
    }

    #[test]
    fn a_killed_worker_loses_its_pair_alone() {
        let args = [
            "--executor",
            "processes",
            "-j",
            "1",
            "12,18",
            ENDLESS,
            "5,7",
        ];
        let running = Running::start(&args);
        kill_process(running.wait_until_busy(), Signal::KILL).unwrap();
        let run = running.wait();
        assert_eq!(run.exit, Some(1), "{run:?}");
        assert_eq!(run.lines()[0], "[6, -, 1]");
        assert!(
            run.err.contains(&format!("*** Error for {ENDLESS}: ")),
            "{}",
            run.err
        );
        assert!(!run.err.contains("stopped"), "{}", run.err);
    }
}

/// tokio panics instead of returning the error when it cannot create its sockets for signals.
#[cfg(unix)]
#[test]
fn with_too_few_descriptors_a_run_reports_an_error_and_does_not_panic() {
    let mut refused = 0;
    for limit in 4..=12 {
        for executor in ["sequential", "threads", "processes"] {
            let limited = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
            let args = ["-c", &limited, GCD, "-q", "--executor", executor, "12,18"];
            let run = Run::of(Command::new("sh").args(args).output().unwrap());
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
