//! Servers that others have written, if this machine has them.

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::program::Running;
use super::skip;

/// A running server, with its folder.
pub(crate) struct Other {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    _process: Running,
}

/// How often another program may take the port first.
const MAX_TRIES: usize = 5;

/// Starts redis-server, without a file. Returns `None`, and reports a skip, if this machine lacks it.
pub(crate) fn redis() -> Option<Other> {
    start(
        "redis-server",
        "Ready to accept connections",
        |address, folder| {
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
            command.arg("--port").arg(address.port().to_string());
            command.arg("--dir").arg(folder.path());
            command
        },
    )
}

/// Starts nginx, which serves the folder `html` in its folder. Returns `None`, and reports a skip, if this machine lacks
/// it.
pub(crate) fn nginx() -> Option<Other> {
    start("nginx", "event method", |address, folder| {
        let at = folder.path().display();
        fs::create_dir_all(folder.path().join("html")).unwrap();
        let settings = format!(
            "daemon off; master_process off; pid {at}/pid; error_log stderr notice;
             events {{}}
             http {{ access_log off; root {at}/html; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;
                     fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
                     types {{ image/gif gif; }} server {{ listen {address}; }} }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-c").arg(file).arg("-e").arg("stderr");
        command
    })
}

/// Starts a program that writes `ready` when it listens on the address it is given.
fn start(
    program: &str,
    ready: &str,
    command: impl Fn(SocketAddr, &TempDir) -> Command,
) -> Option<Other> {
    let mut log = String::new();
    for _ in 0..MAX_TRIES {
        let folder = tempfile::tempdir().unwrap();
        // The programs cannot pick a free port.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        let mut command = command(address, &folder);
        // Both streams in one pipe: it differs which of them is the log.
        let (reader, writer) = std::io::pipe().unwrap();
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer);
        drop(free);
        let spawned = command.spawn();
        // It holds the writing end of the pipe.
        drop(command);
        let process = match spawned {
            Ok(child) => Running(child),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                skip(program);
                return None;
            }
            Err(error) => panic!("{program}: {error}"),
        };
        let mut reader = BufReader::new(reader);
        log.clear();
        while reader.read_line(&mut log).unwrap() > 0 {
            if log.contains(ready) {
                // A full pipe would block the program.
                std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
                return Some(Other {
                    address,
                    folder,
                    _process: process,
                });
            }
        }
    }
    panic!("{program} does not start: {log}");
}
