//! A run of the program that a test observes, and sends signals to, while it is in progress.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::Run;
use super::program::WATCHDOG;

/// A run in progress. Dropping it kills the process, so a test that fails does not leave it behind.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn().unwrap();
        Self { child }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Writes to standard input, and waits until the program has read all of it and waits for more.
    pub(crate) fn write(&self, input: &mut ChildStdin, bytes: &[u8]) {
        input.write_all(bytes).unwrap();
        wait_until("the pipe is empty", || {
            (rustix::io::ioctl_fionread(&*input).unwrap() == 0).then_some(())
        });
        let pid = Pid::from_child(&self.child);
        wait_until("the program sleeps", || (state(pid)? == 'S').then_some(()));
    }

    /// Waits until the program, or one of its workers, has the file open. Returns its process.
    pub(crate) fn reader_of(&self, path: &Path) -> Pid {
        let own = self.child.id();
        wait_until("a process has the file open", || {
            let workers = children(own).into_iter();
            let mut processes = workers.chain([own]);
            let reader = processes.find(|pid| {
                let open = fs::read_dir(format!("/proc/{pid}/fd"));
                let mut open = open.into_iter().flatten().flatten();
                open.any(|entry| fs::read_link(entry.path()).is_ok_and(|link| link == path))
            })?;
            Pid::from_raw(reader.cast_signed())
        })
    }

    /// Returns the worker processes.
    pub(crate) fn workers(&self) -> Vec<Pid> {
        let children = children(self.child.id()).into_iter();
        let pids = children.map(|pid| Pid::from_raw(pid.cast_signed()).unwrap());
        pids.collect()
    }

    /// Reads all output and waits for the end of the process. Kills it after [`WATCHDOG`].
    pub(crate) fn wait(mut self) -> Run {
        let _watchdog = self.watchdog();
        let mut stderr = self.child.stderr.take().unwrap();
        let err = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let mut out = Vec::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_end(&mut out).unwrap();
        }
        let exit = self.child.wait().unwrap().code();
        let err = err.join().unwrap().unwrap();
        Run { exit, out, err }
    }

    #[must_use]
    fn watchdog(&self) -> Sender<()> {
        let pid = Pid::from_child(&self.child);
        let (waits, waiting) = channel();
        thread::spawn(move || {
            if waiting.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        waits
    }
}

/// Returns the processes that this one has started.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids = lists.flat_map(|list| {
        let pids = list.split_whitespace().map(|pid| pid.parse().unwrap());
        pids.collect::<Vec<u32>>()
    });
    pids.collect()
}

/// Whether the process exists and has not ended.
pub(crate) fn is_alive(pid: Pid) -> bool {
    state(pid).is_some_and(|state| !['Z', 'X'].contains(&state))
}

/// Returns the state of the first thread of a process.
pub(crate) fn state(pid: Pid) -> Option<char> {
    let pid = pid.as_raw_nonzero();
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{pid}/stat")).ok()?;
    // The first field after the name, which is in parentheses.
    stat.rsplit(") ").next()?.chars().next()
}

/// Returns the first value of `find`. Panics after [`WATCHDOG`].
#[track_caller]
pub(crate) fn wait_until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < WATCHDOG, "waited for too long: {what}");
        thread::yield_now();
    }
}
