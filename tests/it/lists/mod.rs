//! Lists of URLs: what is requested, what is saved under which name, and how each line is accounted for.

use std::fs;

use crate::support::raw::{RawServer, ok};
use crate::support::{Program, flag_of_brazil};

mod accounting;
#[cfg(unix)]
mod again;
mod checksums;
mod compared;
mod folders;
mod framing;
#[cfg(unix)]
mod interruption;
mod memory;
mod options;
mod ranges;
mod reports;
#[cfg(unix)]
mod streams;

/// Starts a server that has each path that ends in `.gif` or `.txt`, and no other.
fn site() -> RawServer {
    let flag = flag_of_brazil();
    RawServer::deciding(move |head, _| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        if path.ends_with(".gif") {
            ok(&flag)
        } else if path.ends_with(".txt") {
            ok(path.as_bytes())
        } else {
            b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()
        }
    })
}

/// Returns a list of these paths on a server.
fn list(server: &RawServer, paths: &[&str]) -> String {
    let line = |path: &&str| format!("http://127.0.0.1:{}/{path}\n", server.port());
    paths.iter().map(line).collect()
}

/// Returns a program with this list in the file `list`.
fn program(list: impl AsRef<[u8]>) -> Program {
    let program = Program::new();
    fs::write(program.folder.path().join("list"), list).unwrap();
    program
}
