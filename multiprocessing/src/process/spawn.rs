//! Starts processes.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use portable_task::{PortableTask, RemoteError, encode_call};

use super::ending::ProcessError;
use super::handle::{ProcessHandle, Shared};
use super::typed::Process;
use crate::child::{LaunchError, Launcher, Refusal, Role, compare_versions};
use crate::connection::attachments::collect;
use crate::connection::{Frame, Receiver, send_with};
use crate::program::served;

impl<T> Process<T> {
    /// Starts a process that runs `task`, with the default settings.
    ///
    /// # Errors
    /// Those of [`ProcessBuilder::spawn`].
    pub fn spawn<K: PortableTask<Output = T>>(task: K) -> Result<Self, SpawnError> {
        ProcessBuilder::default().spawn(task)
    }
}

impl Process<()> {
    /// Returns a builder for a process with other settings; see [`ProcessBuilder`].
    pub fn builder() -> ProcessBuilder {
        ProcessBuilder::default()
    }
}

/// The settings of a [`Process`] to be started.
///
/// ```standalone_crate
/// use multiprocessing::{Process, Registry, serve, task};
///
/// fn flag() -> Option<String> {
///     std::env::var("FLAG").ok()
/// }
///
/// task!(Flag = fn flag() -> Option<String>);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Flag>());
///
///     let builder = Process::builder().name("reader").env("FLAG", "br").current_dir("/");
///     let process = builder.spawn(Flag())?;
///     assert_eq!(process.name(), "reader");
///     assert_eq!(process.into_result()?.as_deref(), Some("br"));
///     Ok(())
/// }
/// ```
#[must_use = "a builder starts nothing until `spawn` is called"]
#[derive(Debug, Default)]
pub struct ProcessBuilder {
    name: Option<String>,
    independent: bool,
    environment: Vec<(OsString, OsString)>,
    current_dir: Option<PathBuf>,
    command: Option<Command>,
    process_group: bool,
}

/// The reason why a process could not be started.
///
/// ```standalone_crate
/// use multiprocessing::{Process, Registry, SpawnError, serve, task};
///
/// fn nothing() {}
///
/// task!(Nothing = fn nothing());
///
/// fn main() {
///     assert!(matches!(Process::spawn(Nothing()), Err(SpawnError::Launch(_))));
///     serve(Registry::new());
///     let error = Process::spawn(Nothing()).unwrap_err();
///     assert!(error.to_string().ends_with("::Nothing>()` to the registry"));
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// This program cannot be started again.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// `main` does not serve the task. Holds what to add.
    #[error("{0}")]
    Unregistered(String),
    /// The task cannot be encoded. Ends of pipes in it are closed.
    #[error("the task cannot be sent: {0}")]
    Encode(RemoteError),
    /// The system cannot start the process or a thread.
    #[error("cannot start a process: {0}")]
    Io(#[from] io::Error),
}

/// How long a program that was started may take to announce itself. Many times what it needs on a busy machine, which is
/// milliseconds.
const ANNOUNCEMENT_TIMEOUT: Duration = Duration::from_secs(10);

impl ProcessBuilder {
    /// Sets the name of the process, which this program sees (default: `process-1` and so on).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets whether the process ends with this one (default: true), even if this one is killed. A process that is not a daemon
    /// continues when this one ends; its value is then lost. [`spawn`](Self::spawn) waits until such a process has its task, so this program may
    /// end right after that.
    ///
    /// In Python, a program waits at its end for the processes that are not daemons. This one does not, unless it calls
    /// [`join`](ProcessHandle::join).
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.independent = !daemon;
        self
    }

    /// Sets a variable in the environment of the process, which is otherwise that of this one.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets the working folder of the process (default: that of this one).
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(folder.into());
        self
    }

    /// Puts the process into a process group of its own. Ctrl-C in a terminal then reaches this program and not the process.
    pub fn process_group(mut self) -> Self {
        self.process_group = true;
        self
    }

    /// Sets the command that starts the process (default: this program). The program must call [`serve`](crate::serve), and
    /// is passed one more argument.
    ///
    /// ```no_run
    /// use std::process::Command;
    /// use multiprocessing::Process;
    ///
    /// // For a test of the standard harness, that calls `serve`.
    /// let mut command = Command::new(std::env::current_exe()?);
    /// command.args(["child", "--exact", "--test-threads=1"]);
    /// let builder = Process::builder().command(command);
    /// # drop(builder);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn command(mut self, command: Command) -> Self {
        self.command = Some(command);
        self
    }

    /// Starts a process that runs `task`.
    ///
    /// # Errors
    /// [`SpawnError::Launch`] if `main` has not called [`serve`](crate::serve), [`SpawnError::Unregistered`] if it does not
    /// serve the task, [`SpawnError::Encode`] if the task cannot be encoded, [`SpawnError::Io`] if the system cannot start
    /// the process.
    pub fn spawn<K: PortableTask>(self, task: K) -> Result<Process<K::Output>, SpawnError> {
        let role = if self.independent {
            Role::IndependentProcess
        } else {
            Role::Process
        };
        let launcher = match self.command {
            Some(command) => Launcher::new(command, role)?,
            None => {
                let launcher = Launcher::this_program(role)?;
                let checked = served().map_or(Ok(()), |registry| registry.check::<K>());
                checked.map_err(|error| SpawnError::Unregistered(error.message))?;
                launcher
            }
        };
        let launcher = match self.process_group {
            true => launcher.process_group(),
            false => launcher,
        };
        let launcher = launcher.with(|command| {
            command.envs(self.environment);
            if let Some(folder) = self.current_dir {
                command.current_dir(folder);
            }
        });

        let mut call = Frame::new();
        let encoded = collect(|| encode_call(task, call.body()));
        let descriptors = encoded.map_err(SpawnError::Encode)?;
        // The number of the frame is that of its descriptors. What is encoded is not too long for a frame.
        let finished = call.finish(descriptors.len() as u64);
        finished.map_err(io::Error::other)?;

        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = self.name.unwrap_or_else(|| format!("process-{number}"));
        let (child, socket) = launcher.launch()?;
        let handle = ProcessHandle::new(name, child);
        let mut conversation = Conversation {
            socket: Arc::new(socket),
            receiver: Receiver::new(),
            role,
            task: Some((call, descriptors)),
            refusal: None,
        };
        if self.independent {
            // This program may end right after this: the process must have its task by then.
            let _watch = handle.shared.child.watch(&conversation.socket);
            conversation.send_task();
        }
        let process = Arc::clone(&handle.shared);
        // A thread's name must not contain NUL.
        let thread_name = handle.name().replace('\0', "");
        let started = thread::Builder::new()
            .name(thread_name)
            .spawn(move || conversation.run(process));
        if let Err(error) = started {
            // The conversation was dropped, and with it the socket.
            let status = handle.shared.child.end();
            handle.shared.end(status);
            return Err(error.into());
        }
        Ok(Process::new(handle))
    }
}

/// One call to a process, and its reply.
struct Conversation {
    socket: Arc<UnixStream>,
    receiver: Receiver,
    role: Role,
    /// The task and its descriptors, until they are sent.
    task: Option<(Frame, Vec<OwnedFd>)>,
    /// The reason why the task was not sent.
    refusal: Option<Refusal>,
}

impl Conversation {
    fn run(mut self, process: Arc<Shared>) {
        let watch = process.child.watch(&self.socket);
        self.send_task();
        match self.receive_reply() {
            Ok(Some(reply)) => process.set_reply(Ok(reply)),
            Ok(None) => {}
            Err(error) => {
                process.set_reply(Err(error));
                // It will not reply any more, or it is another program.
                let _ = process.child.kill();
            }
        }
        let status = process.child.wait();
        drop(watch);
        drop(self);
        process.end(status);
    }

    /// Sends the task, unless that was done, after the process has announced itself. Another program may never read, and a
    /// long task would be sent to it without end.
    fn send_task(&mut self) {
        let Some((call, descriptors)) = self.task.take() else {
            return;
        };
        match self.receive_announcement() {
            // If the process has ended, its exit status says why.
            Ok(()) => drop(send_with(&self.socket, call.as_bytes(), &descriptors)),
            Err(refusal) => self.refusal = Some(refusal),
        }
    }

    /// Waits until the process has announced itself.
    ///
    /// # Errors
    /// If the process has ended or is another program.
    fn receive_announcement(&mut self) -> Result<(), Refusal> {
        let (socket, role) = (&self.socket, self.role);
        let announced = self
            .receiver
            .receive_announcement(socket, role, ANNOUNCEMENT_TIMEOUT);
        let tasks = announced?;
        served().map_or(Ok(()), |here| compare_versions(here, &tasks))
    }

    /// Receives the reply of a process. Returns `None` if it ends before the reply.
    ///
    /// # Errors
    /// If the process is another program, or sends something else.
    fn receive_reply(&mut self) -> Result<Option<Vec<u8>>, ProcessError> {
        match self.refusal.take() {
            Some(Refusal::Ended(_)) => return Ok(None),
            Some(refusal) => return Err(ProcessError::Refused(refusal)),
            None => {}
        }
        let mut reply = Vec::new();
        match self.receiver.receive_reply(&self.socket, &mut reply, 0) {
            Ok(true) => Ok(Some(reply)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(ProcessError::Protocol(error.to_string()))
            }
            Ok(false) | Err(_) => Ok(None),
        }
    }
}
