//! Large files, which several workers read in pieces: every line counts once, wherever the pieces meet.
//!
//! Plain text is split every 16 MiB, BGZF after at least 4 MiB of blocks. Files of up to 16 MiB are not split.

mod bgzf;
mod plain;

use std::path::Path;

use harness::ExecutorKind;

use crate::reference::{Hosts, counted};
use crate::support::{Folder, search};

const MIB: usize = 1 << 20;

/// Asserts the hosts that are found in the file on threads and on processes, and what is printed on standard error.
#[track_caller]
fn check(folder: &Folder, path: &Path, hosts: &Hosts, err: &str, exit: i32) {
    check_on(ExecutorKind::Threads, path, hosts);
    let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap();
    let run = folder.run_on("processes", &["--count", name]);
    assert!(run.out == counted(hosts), "processes");
    assert_eq!((&*run.err, run.exit), (err, Some(exit)));
}

#[track_caller]
fn check_on(executor: ExecutorKind, path: &Path, hosts: &Hosts) {
    let found = search(executor, &[path]).hosts;
    assert!(found == *hosts, "{executor}: {}", difference(&found, hosts));
}

/// Returns the first hosts that differ.
fn difference(found: &Hosts, expected: &Hosts) -> String {
    let shown = |hosts: &Hosts, others: &Hosts| {
        let differ = hosts
            .iter()
            .filter(|(host, requests)| others.get(*host) != Some(requests));
        let text =
            differ.map(|(host, requests)| format!("{} {requests}", String::from_utf8_lossy(host)));
        text.take(10).collect::<Vec<_>>()
    };
    format!(
        "found {:?}, expected {:?}",
        shown(found, expected),
        shown(expected, found)
    )
}
