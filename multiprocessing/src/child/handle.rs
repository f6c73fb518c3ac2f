//! A child process: its end is known exactly once, and no signal ever reaches another process.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

/// A child process that has been started.
///
/// Dropping it neither ends the process nor waits for it.
pub struct Child {
    pid: Pid,
    process: Mutex<std::process::Child>,
    /// `None` before Linux 5.3, and if descriptors were short.
    #[cfg(target_os = "linux")]
    pidfd: Option<std::os::fd::OwnedFd>,
}

impl Child {
    pub(crate) fn new(process: std::process::Child) -> Self {
        Self {
            pid: Pid::from_child(&process),
            #[cfg(target_os = "linux")]
            pidfd: pidfd(&process),
            process: Mutex::new(process),
        }
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// A descriptor of the process, if the system has such.
    #[cfg(target_os = "linux")]
    pub(crate) fn pidfd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.pidfd.as_ref().map(std::os::fd::AsFd::as_fd)
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
        let sent = match self.send_to_pidfd(signal) {
            Some(sent) => sent,
            None => {
                // The lock keeps another thread from waiting for the process meanwhile. So its process id is not free for
                // another process. If the system does not keep exit statuses, `try_wait` fails once it has ended.
                match self.process().try_wait() {
                    Ok(None) => kill_process(self.pid, signal),
                    Ok(Some(_)) | Err(_) => Ok(()),
                }
            }
        };
        match sent {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            sent => Ok(sent?),
        }
    }

    #[cfg(target_os = "linux")]
    fn send_to_pidfd(&self, signal: Signal) -> Option<rustix::io::Result<()>> {
        let pidfd = self.pidfd.as_ref()?;
        Some(rustix::process::pidfd_send_signal(pidfd, signal))
    }

    #[cfg(not(target_os = "linux"))]
    fn send_to_pidfd(&self, _signal: Signal) -> Option<rustix::io::Result<()>> {
        None
    }

    /// Waits until the process has ended by itself. Returns its exit status, or `None` if the system did not keep it.
    pub fn wait(&self) -> Option<ExitStatus> {
        // Without the lock, so that it can be sent signals meanwhile.
        self.wait_for_end();
        self.process().wait().ok()
    }

    fn wait_for_end(&self) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};

        #[cfg(target_os = "linux")]
        if let Some(pidfd) = &self.pidfd {
            use rustix::event::{PollFd, PollFlags, poll};

            let mut watched = [PollFd::new(pidfd, PollFlags::IN)];
            while poll(&mut watched, None) == Err(rustix::io::Errno::INTR) {}
            return;
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // Fails only if the system does not keep exit statuses: then the process has ended, too.
        let ended = || waitid(WaitId::Pid(self.pid), options);
        while ended().is_err_and(|error| error == rustix::io::Errno::INTR) {}
    }

    /// Ends a process whose connection is closed, if it does not end by itself. Returns its exit status, or `None` if the
    /// system did not keep it: it keeps none if this program ignores SIGCHLD.
    pub fn end(&self) -> Option<ExitStatus> {
        let mut process = self.process();
        match process.try_wait() {
            Ok(Some(status)) => Some(status),
            Ok(None) => {
                // The process is about to end, unless it has become another program.
                let _ = process.kill();
                process.wait().ok()
            }
            // It has ended. Its process id may belong to another process now, which must not be killed.
            Err(_) => None,
        }
    }

    fn process(&self) -> MutexGuard<'_, std::process::Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("id", &self.id()).finish()
    }
}

#[cfg(target_os = "linux")]
fn pidfd(process: &std::process::Child) -> Option<std::os::fd::OwnedFd> {
    rustix::process::pidfd_open(
        Pid::from_child(process),
        rustix::process::PidfdFlags::empty(),
    )
    .ok()
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
        Child {
            pid: Pid::from_child(&process),
            #[cfg(target_os = "linux")]
            pidfd: None,
            process: Mutex::new(process),
        }
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
                let status = child.process().wait().unwrap();
                // It has ended: no other process may get the signal.
                end(&child).unwrap();
                report.send(status.signal()).unwrap();
            });
            let ended = reported.recv_timeout(Duration::from_secs(30));
            assert_eq!(ended.unwrap(), Some(signal));
        }
    }
}
