//! Starts a worker: always as a new program, never as a fork of this process, because a fork would lack its other
//! threads.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

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

    /// Starts a worker. Returns it and the socket to talk to it. Both ends are closed in every other program that is
    /// started meanwhile.
    pub(super) fn launch(&self) -> io::Result<(Child, UnixStream)> {
        let (parent_end, worker_end) = UnixStream::pair()?;
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let started = command
            .stdin(Stdio::from(OwnedFd::from(worker_end)))
            .spawn();
        // The command must not keep the worker's end open: the death of the worker would go unnoticed.
        command.stdin(Stdio::null());
        // "No such file or directory" does not name the file.
        let started = started.map_err(|error| {
            let program = command.get_program().display();
            io::Error::new(error.kind(), format!("{program}: {error}"))
        });
        Ok((started?, parent_end))
    }
}
