//! Pools whose workers are this program, tasks that are held until told, tests that end.

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

/// Long enough for whatever does come.
const DEADLINE: Duration = Duration::from_secs(120);

/// Runs a test that fails, and does not hang, when what it waits for never comes.
pub(crate) fn in_time(test: impl FnOnce() + Send + 'static) {
    let (tell, told) = channel();
    let thread = thread::spawn(move || {
        test();
        let _ = tell.send(());
    });
    if told.recv_timeout(DEADLINE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        panic!("still not done after {DEADLINE:?}");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Names the part that this program is to play.
pub(crate) const PART: &str = "CONCURRENT_FUTURES_TEST_PART";

/// What it prints when it has played it.
pub(crate) const PLAYED: &str = "the part was played to its end";

/// This program, to play a part.
pub(crate) fn this_program(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["started_by_a_test", "--exact", "--nocapture"]);
    command.arg("--test-threads=1").env(PART, part);
    command
}

/// Has a part played to its end; what was printed.
pub(crate) fn play(mut program: Command) -> Output {
    let output = program.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let played = output.status.success() && printed.contains(PLAYED);
    assert!(played, "{output:?}");
    output
}

pub(crate) fn pool() -> ProcessPoolBuilder {
    let mut command = this_program("worker");
    command.stdout(Stdio::null());
    ProcessPoolExecutor::builder()
        .command(command)
        .max_workers(1)
}

/// Where tasks report that they run, and are held until told.
pub(crate) struct Gates {
    listener: UnixListener,
    directory: TempDir,
}

/// A task that is running and waits to be told to go on.
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

    /// The next task that reports.
    pub(crate) fn held(&self) -> Held {
        let (line, _) = self.listener.accept().unwrap();
        let mut line = BufReader::new(line);
        let mut pid = String::new();
        line.read_line(&mut pid).unwrap();
        let pid = pid.trim().parse().unwrap();
        Held { pid, line }
    }

    /// Whether a task has reported that nobody has asked for yet.
    pub(crate) fn somebody_waits(&self) -> bool {
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

    /// Waits until the process is gone, or at least has let go of everything.
    pub(crate) fn wait_until_gone(mut self) {
        self.line.read_to_end(&mut Vec::new()).unwrap();
    }
}

pub(crate) fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The process and what it ended with, of a task that it took down.
pub(crate) fn death<T: std::fmt::Debug>(future: &Future<T>) -> (u32, String) {
    match future.result() {
        Err(TaskError::Broken(BrokenError::Worker { pid, status, .. })) => {
            (*pid, status.to_string())
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) const KILLED: &str = "signal: 9 (SIGKILL)";
