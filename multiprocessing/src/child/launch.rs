//! Starts a child: always as a new program, never as a fork of this process, because a fork would lack its other threads.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard};

use rustix::io::Errno;

use super::handle::Child;
use super::role::{Role, argument_of_this_process};
use crate::program::served;
use crate::sync::lock;

/// The command that starts children in a role.
///
/// ```standalone_crate
/// use std::io::Write;
/// use std::time::Duration;
/// use multiprocessing::{Frame, Launcher, Receiver, Registry, Role, serve};
/// use portable_task::{decode_reply, encode_call, task};
///
/// fn gcd(a: u64, b: u64) -> u64 {
///     if b == 0 { a } else { gcd(b, a % b) }
/// }
///
/// task!(Gcd = fn gcd(a: u64, b: u64) -> u64);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Gcd>()); // does not return in a child
///
///     let (child, mut socket) = Launcher::this_program(Role::Worker)?.launch()?;
///     let mut receiver = Receiver::new();
///     let tasks = receiver.receive_announcement(&socket, Role::Worker, Duration::from_secs(10))?;
///     assert_eq!(tasks.len(), 1);
///
///     let mut request = Frame::new();
///     encode_call(Gcd(12, 18), request.body())?;
///     request.finish(1)?;
///     socket.write_all(request.as_bytes())?;
///
///     let mut reply = Vec::new();
///     assert_eq!(receiver.receive(&socket, &mut reply)?, Some(1));
///     assert_eq!(decode_reply::<u64>(&reply), Ok(6));
///     drop(socket); // the child ends
///     child.end();
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Launcher {
    command: Mutex<Command>,
    program: String,
}

/// The reason why this program cannot be started again.
///
/// ```standalone_crate
/// use multiprocessing::{LaunchError, Launcher, Role};
///
/// fn main() {
///     let error = Launcher::this_program(Role::Worker).unwrap_err();
///     assert!(matches!(error, LaunchError::NotServing));
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// `main` has not called [`serve`](crate::serve). The child would continue in `main`, start a child, and so on.
    #[error("main must call `serve` before it starts a process")]
    NotServing,
    /// The path of this program is unknown.
    #[error("cannot determine the path of this program: {0}")]
    NoProgram(io::Error),
}

impl Launcher {
    /// Returns a launcher of this program in a role.
    ///
    /// On Linux a child runs the same file, even if another file has taken its name: a child of another version would
    /// compute other values, or not understand its tasks.
    ///
    /// # Errors
    /// If `main` has not called [`serve`](crate::serve), or the path of this program is unknown.
    pub fn this_program(role: Role) -> Result<Self, LaunchError> {
        if served().is_none() {
            return Err(LaunchError::NotServing);
        }
        let program = std::env::current_exe().map_err(LaunchError::NoProgram)?;
        let mut launcher = Self::new(same_file(&program), role)?;
        // The name of the command is that of a link, which names no program.
        launcher.program = program.display().to_string();
        Ok(launcher)
    }

    /// Returns a launcher that runs `command`, with one more argument, the role. The program must call
    /// [`serve`](crate::serve). Its standard input becomes the connection to this process.
    ///
    /// # Errors
    /// If this process is itself a child that has not called `serve`: each child that it started would do the same.
    pub fn new(mut command: Command, role: Role) -> Result<Self, LaunchError> {
        if served().is_none() && argument_of_this_process().is_some() {
            return Err(LaunchError::NotServing);
        }
        command.arg(role.argument());
        Ok(Self {
            program: command.get_program().display().to_string(),
            command: Mutex::new(command),
        })
    }

    /// Puts each child into a process group of its own. Ctrl-C in a terminal then reaches this program and not its
    /// children, which end with it.
    #[must_use]
    pub fn process_group(self) -> Self {
        self.command().process_group(0);
        self
    }

    /// Changes the command with other settings.
    pub(crate) fn with(self, change: impl FnOnce(&mut Command)) -> Self {
        change(&mut self.command());
        self
    }

    /// Returns the name of the program that is started.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Starts a child. Returns it and the socket to talk to it. Both ends are closed in every other program that is
    /// started meanwhile.
    ///
    /// # Errors
    /// If the system cannot start the program; [`is_shortage`] says whether it may be able to later.
    pub fn launch(&self) -> io::Result<(Child, UnixStream)> {
        let (parent_end, child_end) = UnixStream::pair()?;
        let mut command = self.command();
        let started = command.stdin(Stdio::from(OwnedFd::from(child_end))).spawn();
        // The command must not keep the child's end open: the death of the child would go unnoticed.
        command.stdin(Stdio::null());
        Ok((Child::new(started?), parent_end))
    }

    fn command(&self) -> MutexGuard<'_, Command> {
        lock(&self.command)
    }
}

/// Returns whether this error of starting a process or a thread may go away: there are too many descriptors, processes or
/// threads now, or too little memory.
///
/// ```
/// use std::io;
///
/// let too_many_open_files = io::Error::from_raw_os_error(24);
/// assert!(multiprocessing::is_shortage(&too_many_open_files));
/// assert!(!multiprocessing::is_shortage(&io::ErrorKind::NotFound.into()));
/// ```
pub fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

#[cfg(target_os = "linux")]
fn same_file(program: &Path) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(program);
    command
}

/// Returns a command that runs the file of this name. Only Linux can start the file that this program runs.
#[cfg(not(target_os = "linux"))]
fn same_file(program: &Path) -> Command {
    Command::new(program)
}
