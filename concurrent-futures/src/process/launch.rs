//! Starts a worker: always as a new program, never as a fork of this process, because a fork would lack its other
//! threads.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

use super::worker::WORKER_ARGUMENT;

/// The command that starts all workers of a pool.
#[derive(Debug)]
pub(crate) struct Launcher {
    command: Mutex<Command>,
}

impl Launcher {
    pub(crate) fn new(mut command: Command) -> Self {
        command.arg(WORKER_ARGUMENT);
        Self {
            command: Mutex::new(command),
        }
    }

    /// Returns the name of the program that is started.
    pub(super) fn program(&self) -> String {
        let command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        command.get_program().display().to_string()
    }

    /// Starts a worker. Returns it and the socket to talk to it. Both ends are closed in every other program that is
    /// started meanwhile.
    pub(super) fn launch(&self) -> io::Result<(Worker, UnixStream)> {
        let (parent_end, worker_end) = UnixStream::pair()?;
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let started = command
            .stdin(Stdio::from(OwnedFd::from(worker_end)))
            .spawn();
        // The command must not keep the worker's end open: the death of the worker would go unnoticed.
        command.stdin(Stdio::null());
        Ok((Worker { child: started? }, parent_end))
    }
}

/// Returns whether this error of starting a process or a thread may go away: there are too many descriptors, processes or
/// threads now, or too little memory.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

/// A worker process that has been started.
pub(super) struct Worker {
    child: Child,
}

impl Worker {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn process(&self) -> &Child {
        &self.child
    }

    /// Ends a worker whose socket is closed. Returns its exit status, or `None` if the system did not keep it: it keeps
    /// none if this program ignores SIGCHLD.
    pub(super) fn end(mut self) -> Option<ExitStatus> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(status),
            Ok(None) => {
                // The process is about to end, unless it has become another program.
                let _ = self.child.kill();
                self.child.wait().ok()
            }
            // It has ended. Its process id may belong to another process now, which must not be killed.
            Err(_) => None,
        }
    }
}
