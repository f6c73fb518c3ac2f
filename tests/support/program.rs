//! The program in a folder of its own, and the output of a run.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The program, to be run in an empty temporary folder, with its own ports for its servers.
pub(crate) struct Program {
    pub(crate) folder: TempDir,
    ports: String,
}

/// The result of a run of the program.
pub(crate) struct Run {
    /// The exit code; `None` if a signal ended the process.
    pub(crate) exit: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// Creates a program whose servers listen on free ports.
    pub(crate) fn new() -> Self {
        Self::with_ports([0, 0, 0])
    }

    /// Creates a program whose servers LOCAL, DELAY and ERROR listen on these ports.
    pub(crate) fn with_ports([local, delay, error]: [u16; 3]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            ports: format!("{local},{delay},{error}"),
        }
    }

    pub(crate) fn command(&self) -> Command {
        self.isolate(Command::new(env!("CARGO_BIN_EXE_flags")))
    }

    /// Returns a command that runs the program through `outer`, such as `unshare -rn`.
    pub(crate) fn inside(&self, outer: &[&str]) -> Command {
        let mut command = self.isolate(Command::new(outer[0]));
        command.args(&outer[1..]).arg(env!("CARGO_BIN_EXE_flags"));
        command
    }

    /// Like [`inside`](Self::inside), for an `outer` that switches to a user without access to the build folder: copies
    /// the program into the temporary folder first.
    pub(crate) fn copied_inside(&self, outer: &[&str]) -> Command {
        let copy = self.folder.path().join("flags");
        fs::copy(env!("CARGO_BIN_EXE_flags"), &copy).unwrap();
        let mut command = self.isolate(Command::new(outer[0]));
        command.args(&outer[1..]).arg(copy);
        command
    }

    /// Returns a command that runs the program as a user whom the modes of files restrict. They do not restrict root, so root
    /// runs it as the user `nobody` (65534).
    #[cfg(unix)]
    pub(crate) fn command_of_a_user(&self) -> Command {
        use std::os::unix::fs::PermissionsExt as _;
        if !rustix::process::geteuid().is_root() {
            return self.command();
        }
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        self.copied_inside(&[
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ])
    }

    /// Returns a command that runs the program in a shell, after `commands` such as `ulimit -n 64`.
    pub(crate) fn after(&self, commands: &str) -> Command {
        self.inside(&["sh", "-c", &format!("{commands}; exec \"$0\" \"$@\"")])
    }

    /// Sets the folder and the ports, and removes the variables of the environment that would change the behaviour.
    fn isolate(&self, mut command: Command) -> Command {
        command
            .current_dir(self.folder.path())
            .env("FLAGS_PORTS", &self.ports);
        let proxies = [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "no_proxy",
            "NO_PROXY",
        ];
        for variable in proxies
            .into_iter()
            .chain(["RUST_BACKTRACE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
            .chain(["REQUEST_METHOD"])
            .chain(["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"])
        {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        Run::of(self.command().args(args))
    }

    pub(crate) fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            exit: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts that the run ended before its first line of output: exit code 3, and one line on standard error, which
    /// begins with `*** Error: ` and `error`.
    pub(crate) fn assert_refused(&self, error: &str) {
        let expected = format!("*** Error: {error}");
        assert!(self.err.starts_with(&expected), "{}", self.err);
        assert_eq!(
            (self.err.lines().count(), self.out.as_str(), self.exit),
            (1, "", Some(3)),
            "{}",
            self.err
        );
    }

    /// Returns standard output with the elapsed time and the port replaced, because they differ from run to run.
    pub(crate) fn normalized_output(&self) -> String {
        let lines = self.out.lines().map(|line| {
            let elapsed = line
                .strip_prefix("Elapsed time: ")
                .and_then(|time| time.strip_suffix('s'));
            match (elapsed, line.rsplit_once("http://localhost:")) {
                (Some(time), _) => {
                    let (whole, hundredths) = time.split_once('.').unwrap();
                    assert!(
                        whole.parse::<u32>().is_ok() && hundredths.len() == 2,
                        "{line}"
                    );
                    "Elapsed time: TIME".to_owned()
                }
                (None, Some((before, _port))) => format!("{before}http://localhost:PORT/flags"),
                (None, None) => line.to_owned(),
            }
        });
        lines.map(|line| line + "\n").collect()
    }
}
