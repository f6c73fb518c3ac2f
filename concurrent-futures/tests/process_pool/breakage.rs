//! Workers that are killed, abort or exit: which tasks fail with which error, and what continues.

use std::process::{Command, Stdio};
use std::time::Duration;

use concurrent_futures::{
    BrokenError, OnCrash, ProcessPoolBuilder, Shutdown, SubmitError, TaskError,
};

use crate::support::{Gates, KILLED, PART, in_time, kill, pool, this_program, worker_exit};
use crate::tasks::*;

#[test]
fn a_killed_worker_breaks_the_pool_and_is_reported_with_pid_and_status() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).build().unwrap();
        let futures: Vec<_> = (0..20)
            .map(|_| executor.submit(gates.task()).unwrap())
            .collect();
        let (held, other) = (gates.held(), gates.held());
        held.kill();
        for future in &futures {
            assert_eq!(worker_exit(future), (held.pid, KILLED.to_owned()));
        }
        // The broken pool also ends its other worker.
        other.wait_until_gone();
        let SubmitError::Broken(BrokenError::Worker { pid, .. }) =
            executor.submit(Square(1)).unwrap_err()
        else {
            panic!("refused for another reason");
        };
        assert_eq!(pid, held.pid);
        executor.shutdown(Shutdown::wait());
    });
}

#[test]
fn an_idle_worker_that_is_killed_breaks_the_pool_too() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).build().unwrap();
        let first = executor.submit(gates.task()).unwrap();
        let second = executor.submit(gates.task()).unwrap();
        let (idle, busy) = (gates.held(), gates.held());
        let (idle_pid, busy_pid) = (idle.pid, busy.pid);
        idle.go_on();
        // The gate does not show which of the two futures its task belongs to.
        let mut done = concurrent_futures::as_completed([first.clone(), second.clone()]);
        assert_eq!(done.next().unwrap().result(), Ok(&idle_pid));
        kill(idle_pid);
        let broken = done.next().unwrap();
        assert_eq!(worker_exit(&broken).0, idle_pid);
        assert_ne!(idle_pid, busy_pid);
    });
}

#[test]
fn exit_and_abort_break_the_pool_with_their_status() {
    in_time(|| {
        let executor = pool().build().unwrap();
        let future = executor.submit(Exit(3)).unwrap();
        assert_eq!(worker_exit(&future).1, "exit status: 3");
        let executor = pool().build().unwrap();
        let future = executor.submit(Exit(0)).unwrap();
        assert_eq!(worker_exit(&future).1, "exit status: 0");
        let executor = pool().build().unwrap();
        let future = executor.submit(Abort()).unwrap();
        assert!(worker_exit(&future).1.starts_with("signal: 6 (SIGABRT)"));
        let executor = pool().build().unwrap();
        let future = executor
            .submit(TakeFragile(Fragile(Fails::DecodingByAbort)))
            .unwrap();
        assert!(worker_exit(&future).1.starts_with("signal: 6 (SIGABRT)"));
    });
}

#[test]
fn killing_a_worker_also_fails_a_huge_task_that_is_being_sent_to_it() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().window(2).build().unwrap();
        let busy = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let huge = executor.submit(Echo("x".repeat(64 << 20))).unwrap();
        let queued = executor.submit(Square(1)).unwrap();
        assert!(huge.running());
        held.kill();
        for exit in [worker_exit(&busy), worker_exit(&huge), worker_exit(&queued)] {
            assert_eq!(exit, (held.pid, KILLED.to_owned()));
        }
    });
}

#[test]
fn killing_a_worker_during_shutdown_fails_the_remaining_tasks_without_a_hang() {
    in_time(|| {
        for (window, how) in [
            (1, Shutdown::wait()),
            (1, Shutdown::no_wait()),
            (64, Shutdown::wait()),
        ] {
            let gates = Gates::new();
            let executor = pool().window(window).build().unwrap();
            let futures: Vec<_> = (0..10)
                .map(|_| executor.submit(gates.task()).unwrap())
                .collect();
            let held = gates.held();
            std::thread::scope(|scope| {
                executor.shutdown(Shutdown::no_wait());
                scope.spawn(|| executor.shutdown(how));
                held.kill();
            });
            for future in &futures {
                assert_eq!(worker_exit(future).0, held.pid);
            }
            assert!(matches!(
                executor.submit(Square(1)),
                Err(SubmitError::Broken(_))
            ));
        }
    });
}

#[test]
fn with_restart_only_tasks_in_flight_fail_and_another_worker_continues() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool()
            .on_crash(OnCrash::Restart { max: 2 })
            .build()
            .unwrap();
        for _ in 0..2 {
            let doomed = executor.submit(gates.task()).unwrap();
            let held = gates.held();
            let queued = executor.submit(Square(4)).unwrap();
            held.kill();
            assert_eq!(worker_exit(&doomed), (held.pid, KILLED.to_owned()));
            assert_eq!(queued.result(), Ok(&16));
        }
        let doomed = executor.submit(Exit(7)).unwrap();
        assert_eq!(worker_exit(&doomed).1, "exit status: 7");
        assert!(matches!(
            executor.submit(Square(1)),
            Err(SubmitError::Broken(_))
        ));
    });
}

#[test]
fn with_restart_all_tasks_in_the_window_fail_and_the_queue_survives() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool()
            .window(4)
            .on_crash(OnCrash::Restart { max: 1 })
            .build()
            .unwrap();
        let doomed = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let futures: Vec<_> = (0..10)
            .map(|n| executor.submit(Square(n)).unwrap())
            .collect();
        held.kill();
        assert_eq!(worker_exit(&doomed).0, held.pid);
        let lost = futures.iter().filter(|f| f.result().is_err()).count();
        assert_eq!(lost, 3);
    });
}

#[test]
fn an_initializer_that_panics_breaks_the_pool() {
    in_time(|| {
        let executor = pool().initializer(SetUpPanics()).build().unwrap();
        // The pool may already be broken when the second task is submitted.
        let first = executor.submit(Square(1)).unwrap();
        let second = executor.submit(Square(2));
        let Err(TaskError::Broken(broken)) = first.result() else {
            panic!("{first:?}");
        };
        assert_eq!(
            broken.to_string(),
            "the pool's initializer failed: no set-up"
        );
        assert!(second.is_err() || second.unwrap().result().is_err());
        assert!(matches!(
            executor.submit(Square(1)),
            Err(SubmitError::Broken(BrokenError::Initializer { .. }))
        ));
    });
}

#[test]
fn an_initializer_that_exits_breaks_the_pool_even_after_restarts() {
    in_time(|| {
        let executor = pool()
            .initializer(SetUpExits())
            .on_crash(OnCrash::Restart { max: 3 })
            .build()
            .unwrap();
        let future = executor.submit(Square(1)).unwrap();
        assert_eq!(worker_exit(&future).1, "exit status: 5");
    });
}

#[test]
fn a_missing_program_breaks_the_pool() {
    in_time(|| {
        let executor = pool()
            .command(Command::new("/nonexistent/worker"))
            .build()
            .unwrap();
        let future = executor.submit(Square(1)).unwrap();
        let Err(TaskError::Broken(BrokenError::NoWorker { message, .. })) = future.result() else {
            panic!("{future:?}");
        };
        assert!(message.contains("No such file"), "{message}");
    });
}

#[test]
fn a_program_that_is_not_a_worker_breaks_the_pool() {
    in_time(|| {
        for (program, status) in [("true", "exit status: 0"), ("false", "exit status: 1")] {
            let executor = pool().command(Command::new(program)).build().unwrap();
            let future = executor.submit(Square(1)).unwrap();
            assert_eq!(worker_exit(&future).1, status);
        }
    });
}

/// Returns a pool whose workers are started by a script that does not start one.
fn pool_of_scripts(script: &str) -> ProcessPoolBuilder {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    pool().command(command)
}

#[test]
fn a_program_that_does_not_announce_itself_as_a_worker_breaks_the_pool() {
    in_time(|| {
        for script in ["exec sleep 1000", "exec cat", "echo 1; exec sleep 1000"] {
            let executor = pool_of_scripts(script).start_timeout(Duration::from_millis(100));
            let executor = executor.build().unwrap();
            let future = executor.submit(Square(1)).unwrap();
            let Err(TaskError::Broken(broken)) = future.result() else {
                panic!("{future:?}");
            };
            let expected = "no worker process could be started: \
                'sh' did not announce itself as a worker within 100ms";
            assert_eq!(broken.to_string(), expected);
            executor.shutdown(Shutdown::wait());
        }
    });
}

#[test]
fn a_program_that_announces_itself_as_something_else_breaks_the_pool() {
    in_time(|| {
        for (script, announcement) in [
            ("exec cat >&0", r"l\0\0\0\u{1}"),
            (
                "echo other program, or other version >&0; exec sleep 1000",
                "other program",
            ),
        ] {
            let executor = pool_of_scripts(script).build().unwrap();
            // Long enough for the program that sends it back.
            let future = executor.submit(Echo("x".repeat(100))).unwrap();
            let Err(TaskError::Broken(BrokenError::NoWorker { message, .. })) = future.result()
            else {
                panic!("{future:?}");
            };
            let expected = format!("'sh' announced itself as \"{announcement}");
            assert!(message.starts_with(&expected), "{message}");
        }
    });
}

#[test]
fn a_broken_pool_with_thousands_queued_settles_them_all() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).window(8).build().unwrap();
        let doomed = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let futures: Vec<_> = (0..10_000)
            .map(|_| executor.submit(gates.task()).unwrap())
            .collect();
        held.kill();
        assert_eq!(worker_exit(&doomed).0, held.pid);
        assert!(futures.iter().all(|future| future.result().is_err()));
    });
}

#[test]
fn a_broken_pool_shuts_down_at_once_even_while_sending_a_huge_task() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).window(2).build().unwrap();
        let mut futures = vec![
            executor.submit(gates.task()).unwrap(),
            executor.submit(gates.task()).unwrap(),
        ];
        let (doomed, other) = (gates.held(), gates.held());
        let huge = [(); 2].map(|()| executor.submit(Echo("x".repeat(64 << 20))).unwrap());
        doomed.kill();
        executor.shutdown(Shutdown::wait());
        other.wait_until_gone();
        assert!(
            huge.iter()
                .all(|future| worker_exit(future).0 == doomed.pid)
        );
        assert!(
            futures
                .drain(..)
                .all(|future| worker_exit(&future).0 == doomed.pid)
        );
    });
}

#[test]
fn a_worker_that_becomes_another_program_breaks_the_pool() {
    in_time(|| {
        let executor = pool().build().unwrap();
        let future = executor
            .submit(ExecProgram("sleep 1000".to_owned()))
            .unwrap();
        assert_eq!(worker_exit(&future).1, KILLED);
    });
}

#[test]
fn a_worker_that_cannot_be_replaced_breaks_the_pool() {
    in_time(|| {
        // A name of the shell that can be removed.
        let directory = tempfile::tempdir().unwrap();
        let shell = directory.path().join("sh");
        std::os::unix::fs::symlink("/bin/sh", &shell).unwrap();
        let worker = this_program("worker");
        let mut command = Command::new(&shell);
        command.args(["-c", r#"exec "$0" "$@""#]);
        command.arg(worker.get_program()).args(worker.get_args());
        command.env(PART, "worker").stdout(Stdio::null());

        let gates = Gates::new();
        let executor = pool().command(command).max_tasks_per_child(1);
        let executor = executor.build().unwrap();
        let futures = [(); 3].map(|()| executor.submit(gates.task()).unwrap());
        let held = gates.held();
        std::fs::remove_file(&shell).unwrap();
        held.go_on();
        assert!(futures[0].result().is_ok());
        for future in &futures[1..] {
            let Err(TaskError::Broken(BrokenError::NoWorker { message, .. })) = future.result()
            else {
                panic!("{future:?}");
            };
            assert!(message.contains("No such file"), "{message}");
        }
        assert!(matches!(
            executor.submit(Square(1)),
            Err(SubmitError::Broken(BrokenError::NoWorker { .. }))
        ));
    });
}

#[test]
fn a_worker_that_ends_while_it_encodes_or_decodes_breaks_the_pool() {
    in_time(|| {
        let executor = pool().build().unwrap();
        let future = executor
            .submit(ReturnFragile(Fails::EncodingByAbort))
            .unwrap();
        assert!(worker_exit(&future).1.starts_with("signal: 6 (SIGABRT)"));
        let executor = pool().build().unwrap();
        let future = executor
            .submit(ReturnFragile(Fails::EncodingByExit))
            .unwrap();
        assert_eq!(worker_exit(&future).1, "exit status: 6");
        let executor = pool().build().unwrap();
        let future = executor
            .submit(TakeFragile(Fragile(Fails::DecodingByExit)))
            .unwrap();
        assert_eq!(worker_exit(&future).1, "exit status: 6");
    });
}
