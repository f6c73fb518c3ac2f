//! A run of the program that a test observes, and sends signals to, while it is in progress.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::{Program, Run, WATCHDOG};

/// A run in progress. Dropping it kills the process, so a test that fails does not leave it behind.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) out: Option<BufReader<ChildStdout>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(program: &Program, args: &[&str]) -> Self {
        Self::of(program.command(), args)
    }

    pub(crate) fn of(mut command: Command, args: &[&str]) -> Self {
        let piped = command
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let out = child.stdout.take().map(BufReader::new);
        Self { child, out }
    }

    /// Starts a watchdog, which kills the process after [`WATCHDOG`] unless the returned value is dropped before: a test
    /// that waits for the process must not hang.
    #[must_use]
    pub(crate) fn watchdog(&self) -> Sender<()> {
        let pid = Pid::from_child(&self.child);
        let (waits, waiting) = channel();
        thread::spawn(move || {
            if waiting.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        waits
    }

    /// Reads the next line of standard output. Panics if there is none.
    pub(crate) fn line(&mut self) -> String {
        let _watchdog = self.watchdog();
        let mut line = String::new();
        let length = self.out.as_mut().unwrap().read_line(&mut line).unwrap();
        assert_ne!(length, 0, "the output has ended");
        line
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Reads the next line of standard error, without its line feed, and no byte more.
    pub(crate) fn error_line(&mut self) -> String {
        let _watchdog = self.watchdog();
        let stderr = self.child.stderr.as_mut().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        loop {
            stderr.read_exact(&mut byte).unwrap();
            match byte {
                [b'\n'] => return String::from_utf8(line).unwrap(),
                [byte] => line.push(byte),
            }
        }
    }

    /// Returns whether the process has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Reads the rest of the output and waits for the end of the process.
    pub(crate) fn wait(mut self) -> Run {
        let _watchdog = self.watchdog();
        let (mut out, mut err) = (String::new(), String::new());
        if let Some(mut rest) = self.out.take() {
            rest.read_to_string(&mut out).unwrap();
        }
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        Run {
            exit: self.child.wait().unwrap().code(),
            out,
            err,
        }
    }
}
