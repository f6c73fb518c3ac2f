//! Pools in programs whose surroundings are unusual: ignored signals, leaked sockets, a shortage of descriptors.

use std::process::{Command, Stdio};

use concurrent_futures::{
    BrokenError, OnCrash, ProcessPoolBuilder, Shutdown, SubmitError, TaskError,
};

use tempfile::NamedTempFile;

use crate::support::{
    Gates, KILLED, PART, in_time, kill, pool, run_part, this_program, worker_exit,
};
use crate::tasks::*;

/// Runs a part in a program that `script` starts as `"$0" "$@"`.
fn play_in_shell(part: &str, script: &str) {
    let inner = this_program(part);
    let mut shell = Command::new("sh");
    shell.args(["-c", script]);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.env(PART, part);
    run_part(shell);
}

/// A part of its own; see `started_by_a_test`.
pub(crate) fn discards_exit_statuses() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).build().unwrap();
        let futures = [gates.task(), gates.task()].map(|task| executor.submit(task).unwrap());
        let (killed, other) = (gates.held(), gates.held());
        killed.kill();
        for future in &futures {
            let Err(TaskError::Broken(broken)) = future.result() else {
                panic!("{future:?}");
            };
            let BrokenError::Worker { pid, status, .. } = broken else {
                panic!("{broken:?}");
            };
            assert_eq!((*pid, *status), (killed.pid, None));
            let expected = format!("the worker process {pid} ended with an unknown exit status");
            assert_eq!(broken.to_string(), expected);
        }
        other.wait_until_gone();
    });
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_tasks_per_child(2);
        let executor = executor.on_crash(OnCrash::Restart { max: 1 });
        let executor = executor.build().unwrap();
        let doomed = executor.submit(gates.task()).unwrap();
        gates.held().kill();
        assert!(doomed.result().is_err());
        let pids = [(); 4].map(|()| *executor.submit(WorkerId()).unwrap().result().unwrap());
        assert!(pids[0] == pids[1] && pids[1] != pids[2] && pids[2] == pids[3]);
        assert!(executor.submit(Exit(1)).unwrap().result().is_err());
        let error = executor.submit(Square(1)).unwrap_err();
        assert!(matches!(error, SubmitError::Broken(_)));
    });
}

/// `env` and not `trap '' CHLD`, which does nothing in dash.
#[test]
#[cfg(target_os = "linux")]
fn a_program_that_ignores_sigchld_notices_the_end_of_its_workers() {
    let script = r#"exec env --ignore-signal=CHLD "$0" "$@""#;
    in_time(|| play_in_shell("discards-exit-statuses", script));
}

/// Returns a pool whose worker leaves its socket to the programs that tasks start, as descriptor 7.
fn pool_with_leaked_socket() -> ProcessPoolBuilder {
    let worker = this_program("worker");
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec 7<&0; exec "$0" "$@""#]);
    command.arg(worker.get_program()).args(worker.get_args());
    command.env(PART, "worker").stdout(Stdio::null());
    pool().command(command)
}

#[test]
fn a_reply_out_of_turn_breaks_the_pool_instead_of_shifting_the_results() {
    for number in [1, 3] {
        in_time(move || {
            let executor = pool_with_leaked_socket().window(3).build().unwrap();
            assert_eq!(executor.submit(Square(3)).unwrap().result(), Ok(&9));
            // Two bytes, the number, the outcome and a value.
            let reply = format!(r"printf '\2\0\0\0\{number}\0\0\0\0\0\0\0\0\22' >&7");
            let second = executor.submit(RunProgram(reply)).unwrap();
            let third = executor.submit(Square(4));
            let Err(TaskError::Broken(broken)) = second.result() else {
                panic!("{second:?}");
            };
            let expected = format!("broke the protocol: reply {number} came where reply 2 was due");
            assert!(broken.to_string().ends_with(&expected), "{broken}");
            assert!(third.is_err() || third.unwrap().result().is_err());
            let error = executor.submit(Square(1)).unwrap_err();
            assert!(matches!(error, SubmitError::Broken(_)));
        });
    }
}

#[test]
fn a_text_in_place_of_a_reply_breaks_the_pool_although_it_looks_like_a_long_one() {
    in_time(|| {
        let executor = pool_with_leaked_socket().build().unwrap();
        // The first four bytes are a length of 518 MiB, the next eight a number.
        let text = "printf 'pid 1234 started' >&7".to_owned();
        let future = executor.submit(RunProgram(text)).unwrap();
        let Err(TaskError::Broken(broken)) = future.result() else {
            panic!("{future:?}");
        };
        let number = u64::from_le_bytes(*b"1234 sta");
        let expected = format!("broke the protocol: reply {number} came where reply 1 was due");
        assert!(broken.to_string().ends_with(&expected), "{broken}");
    });
}

/// A program that keeps the worker's end of the socket open after the worker has ended.
struct Keeper {
    pids: NamedTempFile,
}

impl Keeper {
    fn new() -> Self {
        let pids = NamedTempFile::new().unwrap();
        Self { pids }
    }

    /// Returns a pool whose workers leave their socket to a program of their own.
    fn pool(&self) -> ProcessPoolBuilder {
        // `<&0` would be /dev/null: the shell gives that to a program in the background.
        let script = r#"exec 7<&0; sleep 1000 <&7 >/dev/null 2>&1 & echo $! >>"$PIDS"
            exec "$0" "$@" 7<&-"#;
        let worker = this_program("worker");
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command.arg(worker.get_program()).args(worker.get_args());
        command.env("PIDS", self.pids.path()).env(PART, "worker");
        command.stdout(Stdio::null());
        pool().command(command)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let pids = std::fs::read_to_string(self.pids.path()).unwrap();
        pids.lines().for_each(|pid| kill(pid.parse().unwrap()));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_death_of_a_worker_is_noticed_while_another_program_keeps_its_socket() {
    let keeper = Keeper::new();
    let builder = keeper.pool().window(2);
    in_time(|| {
        let gates = Gates::new();
        let executor = builder.build().unwrap();
        let doomed = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let huge = executor.submit(Echo("x".repeat(64 << 20))).unwrap();
        held.kill();
        for exit in [worker_exit(&doomed), worker_exit(&huge)] {
            assert_eq!(exit, (held.pid, KILLED.to_owned()));
        }
        executor.shutdown(Shutdown::wait());
    });
}

#[test]
#[cfg(target_os = "linux")]
fn workers_retire_and_pools_shut_down_while_another_program_keeps_their_socket() {
    let keeper = Keeper::new();
    let builder = keeper.pool().max_tasks_per_child(1);
    in_time(|| {
        let executor = builder.build().unwrap();
        let futures = [3, 4].map(|n| executor.submit(Square(n)).unwrap());
        executor.shutdown(Shutdown::wait());
        assert_eq!(futures.map(|f| *f.result().unwrap()), [9, 16]);
    });
}
