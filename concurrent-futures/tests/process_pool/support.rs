//! Pools whose workers are this program, tasks that wait for the test, and a deadline for tests.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use concurrent_futures::{BrokenError, Future, ProcessPoolBuilder, ProcessPoolExecutor, TaskError};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::tasks::Gate;

/// Longer than any test takes, unless it hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// Runs a test and fails, instead of hanging, if it does not end in time.
pub(crate) fn in_time(test: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        test();
        let _ = sender.send(());
    });
    if receiver.recv_timeout(DEADLINE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        panic!("still not done after {DEADLINE:?}");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// The environment variable that names the part that this program runs.
pub(crate) const PART: &str = "CONCURRENT_FUTURES_TEST_PART";

/// The text that the program prints at the end of its part.
pub(crate) const COMPLETED: &str = "the part has run to its end";

/// Returns the command that starts this program with a part.
pub(crate) fn this_program(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["started_by_a_test", "--exact", "--nocapture"]);
    command.arg("--test-threads=1").env(PART, part);
    command
}

/// Runs a part to its end and returns its output. Panics if the part fails.
pub(crate) fn run_part(mut program: Command) -> Output {
    let output = program.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let completed = output.status.success() && printed.contains(COMPLETED);
    assert!(completed, "{output:?}");
    output
}

/// Returns the builder of a pool with one worker, which is this program.
pub(crate) fn pool() -> ProcessPoolBuilder {
    let mut command = this_program("worker");
    command.stdout(Stdio::null());
    ProcessPoolExecutor::builder()
        .command(command)
        .max_workers(1)
}

/// A socket at which tasks report that they run, and then wait for the test.
pub(crate) struct Gates {
    listener: UnixListener,
    directory: TempDir,
}

/// A running task that waits until the test lets it continue.
pub(crate) struct Held {
    pub(crate) pid: u32,
    line: BufReader<UnixStream>,
}

impl Gates {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let listener = UnixListener::bind(directory.path().join("gate")).unwrap();
        Self {
            listener,
            directory,
        }
    }

    pub(crate) fn task(&self) -> Gate {
        Gate(self.path())
    }

    pub(crate) fn path(&self) -> String {
        self.directory.path().join("gate").display().to_string()
    }

    /// Waits for the next task that reports.
    pub(crate) fn held(&self) -> Held {
        let (line, _) = self.listener.accept().unwrap();
        let mut line = BufReader::new(line);
        let mut pid = String::new();
        line.read_line(&mut pid).unwrap();
        let pid = pid.trim().parse().unwrap();
        Held { pid, line }
    }

    /// Returns whether another task has reported.
    pub(crate) fn another_task_waits(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        let waits = self.listener.accept().is_ok();
        self.listener.set_nonblocking(false).unwrap();
        waits
    }
}

impl Held {
    pub(crate) fn kill(&self) {
        kill(self.pid);
    }

    pub(crate) fn go_on(self) {
        drop(self);
    }

    /// Waits until the process has ended, or at least has closed its end of the connection.
    pub(crate) fn wait_until_gone(mut self) {
        self.line.read_to_end(&mut Vec::new()).unwrap();
    }
}

pub(crate) fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Returns the process ID and the exit status of the worker that failed the task. Panics if the task has another
/// outcome.
pub(crate) fn worker_exit<T: std::fmt::Debug>(future: &Future<T>) -> (u32, String) {
    match future.result() {
        Err(TaskError::Broken(BrokenError::Worker { pid, status, .. })) => {
            (*pid, status.unwrap().to_string())
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) const KILLED: &str = "signal: 9 (SIGKILL)";
