//! A child process: its end is known exactly once, and no signal ever reaches another process.
//!
//! With a pidfd, the system keeps the process apart from a later one with the same process id, also if this program ignores
//! SIGCHLD, when the id is free as soon as the process ends. Without one, the lock keeps two threads from reaping the process
//! and sending it a signal at the same time.

use std::fmt;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
#[cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::Mutex;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::sync::lock;

/// A child process that has been started. [`Launcher`](crate::Launcher) has an example.
///
/// Dropping it neither ends the process nor waits for it.
pub struct Child {
    pid: Pid,
    state: Mutex<State>,
}

struct State {
    process: std::process::Child,
    /// The exit status of the process once it is known to have ended, if the system kept it.
    ended: Option<Option<ExitStatus>>,
    /// `None` after the end, before Linux 5.3, and if descriptors were short.
    #[cfg(target_os = "linux")]
    pidfd: Option<Arc<OwnedFd>>,
}

impl Child {
    pub(crate) fn new(process: std::process::Child) -> Self {
        let pid = Pid::from_child(&process);
        let state = Mutex::new(State {
            process,
            ended: None,
            #[cfg(target_os = "linux")]
            pidfd: pidfd(pid),
        });
        Self { pid, state }
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Returns a descriptor of the process, if the system has such descriptors and the process is not known to have ended.
    #[cfg(target_os = "linux")]
    pub(crate) fn pidfd(&self) -> Option<Arc<OwnedFd>> {
        lock(&self.state).pidfd.clone()
    }

    /// Asks the process to end, with SIGTERM, which a task may ignore. Does nothing if it has ended.
    ///
    /// # Errors
    /// If the system refuses the signal.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends the process with SIGKILL. Does nothing if it has ended.
    ///
    /// # Errors
    /// If the system refuses the signal.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let mut state = lock(&self.state);
        if state.ended.is_some() {
            return Ok(());
        }
        let sent = match state.send_to_pidfd(signal) {
            Some(sent) => sent,
            // If the system does not keep exit statuses, `try_wait` fails once the process has ended.
            None => match state.process.try_wait() {
                Ok(None) => kill_process(self.pid, signal),
                Ok(Some(_)) | Err(_) => Ok(()),
            },
        };
        match sent {
            Err(Errno::SRCH) => Ok(()),
            sent => Ok(sent?),
        }
    }

    /// Waits until the process has ended by itself. Returns its exit status, or `None` if the system did not keep it: it keeps
    /// none if this program ignores SIGCHLD.
    pub fn wait(&self) -> Option<ExitStatus> {
        // Without the lock, so that signals can be sent meanwhile.
        self.wait_for_end();
        let mut state = lock(&self.state);
        if let Some(status) = state.ended {
            return status;
        }
        let status = state.reap();
        state.ended = Some(status);
        #[cfg(target_os = "linux")]
        drop(state.pidfd.take());
        status
    }

    fn wait_for_end(&self) {
        #[cfg(target_os = "linux")]
        if let Some(pidfd) = self.pidfd() {
            use rustix::event::{PollFd, PollFlags, poll};

            let mut watched = [PollFd::new(&*pidfd, PollFlags::IN)];
            while poll(&mut watched, None) == Err(Errno::INTR) {}
            return;
        }
        if lock(&self.state).ended.is_some() {
            return;
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // Fails only if the system does not keep exit statuses: then the process has ended, too.
        let ended = || waitid(WaitId::Pid(self.pid), options);
        while ended().is_err_and(|error| error == Errno::INTR) {}
    }

    /// Kills the process with SIGKILL unless it has ended, and waits for its end. Returns its exit status, or `None` if the
    /// system did not keep it: it keeps none if this program ignores SIGCHLD.
    pub fn end(&self) -> Option<ExitStatus> {
        // Fails only if the process has changed its user.
        let _ = self.kill();
        self.wait()
    }
}

impl State {
    #[cfg(target_os = "linux")]
    fn send_to_pidfd(&self, signal: Signal) -> Option<rustix::io::Result<()>> {
        let pidfd = self.pidfd.as_ref()?;
        Some(rustix::process::pidfd_send_signal(pidfd, signal))
    }

    #[cfg(not(target_os = "linux"))]
    fn send_to_pidfd(&self, _signal: Signal) -> Option<rustix::io::Result<()>> {
        None
    }

    /// Returns the exit status of a process that has ended.
    fn reap(&mut self) -> Option<ExitStatus> {
        #[cfg(target_os = "linux")]
        if let Some(pidfd) = &self.pidfd {
            use std::os::fd::AsFd;
            use std::os::unix::process::ExitStatusExt;

            let reap = || waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
            let status = loop {
                match reap() {
                    Err(Errno::INTR) => {}
                    status => break status.ok()??,
                }
            };
            // In the form in which `wait` returns it.
            let raw = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => code << 8,
                (None, Some(signal)) if status.dumped() => signal | 0x80,
                (None, signal) => signal?,
            };
            return Some(ExitStatus::from_raw(raw));
        }
        self.process.wait().ok()
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("id", &self.id()).finish()
    }
}

#[cfg(target_os = "linux")]
fn pidfd(pid: Pid) -> Option<Arc<OwnedFd>> {
    let flags = rustix::process::PidfdFlags::empty();
    rustix::process::pidfd_open(pid, flags).ok().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Returns a child as there are on systems without pidfds.
    fn without_pidfd() -> Child {
        let process = Command::new("sleep").arg("1000").spawn().unwrap();
        let child = Child::new(process);
        #[cfg(target_os = "linux")]
        drop(lock(&child.state).pidfd.take());
        child
    }

    #[test]
    fn a_child_without_a_pidfd_can_be_ended() {
        for (end, signal) in [
            (Child::terminate as fn(&Child) -> io::Result<()>, 15),
            (Child::kill, 9),
        ] {
            let (report, reported) = channel();
            thread::spawn(move || {
                let child = without_pidfd();
                end(&child).unwrap();
                let status = child.wait().unwrap();
                // It has ended: no other process may get the signal.
                end(&child).unwrap();
                report.send(status.signal()).unwrap();
            });
            let ended = reported.recv_timeout(Duration::from_secs(30));
            assert_eq!(ended.unwrap(), Some(signal));
        }
    }

    #[test]
    fn an_exit_status_is_that_of_the_process_with_and_without_a_pidfd() {
        for (script, expected) in [
            ("exit 0", "exit status: 0"),
            ("exit 7", "exit status: 7"),
            ("kill -TERM $$", "signal: 15 (SIGTERM)"),
        ] {
            let start = || Command::new("sh").args(["-c", script]).spawn().unwrap();
            let with = Child::new(start());
            let without = Child::new(start());
            #[cfg(target_os = "linux")]
            drop(lock(&without.state).pidfd.take());
            for child in [with, without] {
                assert_eq!(child.wait().unwrap().to_string(), expected);
                assert_eq!(child.wait().unwrap().to_string(), expected);
                assert_eq!(child.end().unwrap().to_string(), expected);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_that_has_ended_keeps_no_descriptor() {
        let child = Child::new(Command::new("true").spawn().unwrap());
        child.wait();
        assert!(child.pidfd().is_none());
    }
}
