//! A worker that runs tasks, and a time limit for each test.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use multiprocessing::{Child, Frame, Launcher, Manager, Receiver, Role};
use portable_task::{PortableTask, RemoteError, decode_reply, encode_call, panics};

/// Longer than any test takes, unless it hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(120);

/// A process that runs tasks, one after the other. It is killed when this is dropped.
pub(crate) struct Worker {
    child: Child,
    socket: UnixStream,
    receiver: Receiver,
}

impl Worker {
    pub(crate) fn start() -> Self {
        Self::launch(Launcher::this_program(Role::Worker).unwrap())
    }

    /// Starts a worker whose folder for temporary files is this one.
    pub(crate) fn start_in(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env("TMPDIR", folder);
        Self::launch(Launcher::new(command, Role::Worker).unwrap())
    }

    /// Starts a worker in this folder, whose folder for temporary files is one within it, by a relative path.
    pub(crate) fn start_in_with(current: &Path, temporary: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.current_dir(current).env("TMPDIR", temporary);
        Self::launch(Launcher::new(command, Role::Worker).unwrap())
    }

    /// Starts a worker of another user, which only root can do.
    pub(crate) fn start_as(user: u32) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.uid(user).gid(user);
        Self::launch(Launcher::new(command, Role::Worker).unwrap())
    }

    fn launch(launcher: Launcher) -> Self {
        let (child, socket) = launcher.launch().unwrap();
        let mut receiver = Receiver::new();
        let announced = receiver.receive_announcement(&socket, Role::Worker, WATCHDOG);
        announced.unwrap();
        Self {
            child,
            socket,
            receiver,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets the worker run a task.
    pub(crate) fn send(&mut self, task: impl PortableTask) {
        let mut frame = Frame::new();
        encode_call(task, frame.body()).unwrap();
        frame.finish(1).unwrap();
        self.socket.write_all(frame.as_bytes()).unwrap();
    }

    /// Waits for the value of the task.
    pub(crate) fn receive<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, RemoteError> {
        let mut reply = Vec::new();
        let received = self.receiver.receive(&self.socket, &mut reply).unwrap();
        assert_eq!(received, Some(1), "the worker has ended");
        decode_reply(&reply)
    }

    /// Runs a task in the worker, and returns its value.
    pub(crate) fn run<K: PortableTask>(&mut self, task: K) -> K::Output {
        self.send(task);
        self.receive().unwrap()
    }

    /// Ends the worker with SIGKILL, and waits for its end.
    pub(crate) fn kill(self) {
        self.child.kill().unwrap();
        self.child.end();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.child.end();
    }
}

/// Waits until this many operations wait.
pub(crate) fn until_waiting(manager: &Manager, count: usize) {
    while manager.status().unwrap().waiting != count {
        thread::yield_now();
    }
}

/// Returns a test that fails if it takes too long.
pub(crate) fn trial(name: &str, test: fn()) -> Trial {
    let thread_name = name.to_owned();
    Trial::test(name, move || {
        let (sender, receiver) = channel();
        let body = move || {
            let _ = sender.send(panics::catch(test));
        };
        thread::Builder::new().name(thread_name).spawn(body)?;
        match receiver.recv_timeout(WATCHDOG) {
            Ok(outcome) => Ok(outcome?),
            Err(RecvTimeoutError::Timeout) => Err("the test hangs".into()),
            Err(RecvTimeoutError::Disconnected) => {
                Err("the test has ended without a result".into())
            }
        }
    })
}

/// Returns tests of functions, with their names.
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$($crate::support::trial(concat!(module_path!(), "::", stringify!($test)), $test)),*]
    };
}

pub(crate) use trials;
/// Waits until this many threads, with this one, have a connection to the manager.
pub(crate) fn until_clients(manager: &Manager, count: usize) {
    while manager.status().unwrap().clients != count {
        thread::yield_now();
    }
}
