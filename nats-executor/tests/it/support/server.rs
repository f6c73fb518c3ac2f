//! A nats-server in a folder of its own.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::wait_until;

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    folder: TempDir,
    arguments: Vec<String>,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Starts a server with these lines in its configuration.
    pub(crate) fn with(configuration: &str) -> Self {
        Self::with_store("", configuration)
    }

    /// Starts a server with this limit of its store, such as `max_file: 1MB`.
    pub(crate) fn with_store(limit: &str, configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.conf");
        configure(folder.path(), limit, configuration);
        let mut arguments = vec!["-c".to_owned(), file.display().to_string()];
        let mut child = launch(&arguments, folder.path());
        let ports = folder
            .path()
            .join(format!("nats-server_{}.ports", child.id()));
        let mut port = None::<u16>;
        wait_until("the server has written its ports", || {
            if let Some(status) = child.try_wait().unwrap() {
                let log = fs::read_to_string(folder.path().join("log"));
                panic!("the server has ended, {status}: {}", log.unwrap());
            }
            let text = fs::read_to_string(&ports).unwrap_or_default();
            let digits = text.split("127.0.0.1:").nth(1).unwrap_or_default();
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
            port = digits[..end].parse().ok();
            port.is_some()
        });
        let port = port.unwrap();
        // Also after a restart.
        arguments.extend(["-a", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned));
        let server = Self {
            folder,
            arguments,
            port,
            child,
        };
        server.wait_until_ready();
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The folder of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the server with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a killed server again, on the same port and with its store.
    pub(crate) fn restart(&mut self) {
        self.child = launch(&self.arguments, self.folder.path());
        self.wait_until_ready();
    }

    /// Starts a killed server again with these lines in its configuration, on the same port and with its store.
    pub(crate) fn restart_with(&mut self, configuration: &str) {
        configure(self.folder.path(), "", configuration);
        self.restart();
    }

    /// Removes the store of a killed server.
    pub(crate) fn remove_store(&self) {
        fs::remove_dir_all(self.folder.path().join("store")).unwrap();
    }

    fn wait_until_ready(&self) {
        wait_until("the server greets", || {
            let connected = TcpStream::connect(("127.0.0.1", self.port));
            connected.is_ok_and(|mut stream| stream.read(&mut [0; 4]).is_ok_and(|n| n > 0))
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log"));
            let log = log.unwrap_or_default();
            let last: Vec<_> = log.lines().rev().take(20).collect();
            eprintln!("the end of the server's log, last line first: {last:#?}");
        }
    }
}

fn configure(folder: &Path, limit: &str, configuration: &str) {
    let text = format!(
        "listen: \"127.0.0.1:-1\"\njetstream {{ store_dir: \"{0}/store\", {limit} }}\nports_file_dir: \"{0}\"\n{configuration}\n",
        folder.display()
    );
    fs::write(folder.join("server.conf"), text).unwrap();
}

fn launch(arguments: &[String], folder: &Path) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let program = ["/usr/sbin/nats-server", "/usr/bin/nats-server"];
    let program = program.iter().find(|path| Path::new(path).exists());
    Command::new(program.unwrap_or(&"nats-server"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(log.unwrap())
        .spawn()
        .expect("these tests need nats-server: apt-get install nats-server")
}
