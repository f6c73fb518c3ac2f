//! The program in a folder of its own, and the output of a run.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// The names of the executors.
pub(crate) const EXECUTORS: [&str; 3] = ["sequential", "threads", "processes"];

/// The limit for every wait, so that a test that hangs fails. No wait normally takes nearly as long.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// A temporary folder in which the program runs.
pub(crate) struct Folder(TempDir);

/// The result of a run.
pub(crate) struct Run {
    /// The exit code; `None` if a signal ended the process.
    pub(crate) exit: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Folder {
    /// Creates an empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Returns the path of the folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders that it is in. Returns its path.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Returns the program, to be run in the folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_findrobots"));
        command
            .current_dir(self.path())
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        Run::of(self.command().args(args), b"")
    }

    /// Runs the program on one executor, without the line about what was read.
    pub(crate) fn run_on(&self, executor: &str, args: &[&str]) -> Run {
        self.run([&["-q", "-j", "2", "--executor", executor], args].concat())
    }
}

impl Run {
    /// Runs the command to its end, with this standard input unless it is empty. Kills it after [`WATCHDOG`].
    pub(crate) fn of(command: &mut Command, input: &[u8]) -> Self {
        if !input.is_empty() {
            command.stdin(Stdio::piped());
        }
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let stdin = child.stdin.take();
        let (waits, waiting) = channel::<()>();
        thread::scope(|scope| {
            if let Some(mut stdin) = stdin {
                // Fails if the program ends without reading it.
                scope.spawn(move || drop(stdin.write_all(input)));
            }
            let out = scope.spawn(move || {
                let mut bytes = Vec::new();
                stdout.read_to_end(&mut bytes).unwrap();
                bytes
            });
            let err = scope.spawn(move || {
                let mut bytes = Vec::new();
                stderr.read_to_end(&mut bytes).unwrap();
                let _ = waits.send(());
                bytes
            });
            if waiting.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
                child.kill().unwrap();
            }
            Self {
                exit: child.wait().unwrap().code(),
                out: out.join().unwrap(),
                err: String::from_utf8(err.join().unwrap()).unwrap(),
            }
        })
    }

    /// Returns standard output as text, in which other bytes than UTF-8 are replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// Asserts the lines of standard output, all of standard error, and the exit code.
    #[track_caller]
    pub(crate) fn assert(&self, what: &str, lines: &[&str], err: &str, exit: i32) {
        let out = self.text();
        let found: Vec<_> = out.lines().collect();
        assert_eq!(
            (&found[..], &*self.err, self.exit),
            (lines, err, Some(exit)),
            "{what}"
        );
    }

    /// Asserts a usage error whose message contains `message`, and that nothing was read or printed.
    #[track_caller]
    pub(crate) fn assert_usage(&self, message: &str) {
        assert!(self.err.contains(message), "{message:?}: {}", self.err);
        assert_eq!((self.exit, &*self.text()), (Some(2), ""), "{}", self.err);
    }
}
