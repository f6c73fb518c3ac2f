//! How a worker is started: as a new program, never as a copy of this process, whose other threads a copy would miss.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::worker::WORKER_ARGUMENT;

/// Starts workers, all in the same way.
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

    /// A new worker, and the socket to talk to it. Both ends are closed in whatever else is started here meanwhile.
    pub(super) fn launch(&self) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let started = command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn();
        // The command would keep their end open, and nobody would see the worker's death.
        command.stdin(Stdio::null());
        // "No such file or directory" does not say which.
        let started = started.map_err(|error| {
            let program = command.get_program().display();
            io::Error::new(error.kind(), format!("{program}: {error}"))
        });
        Ok((started?, ours))
    }
}
