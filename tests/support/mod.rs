//! What the test binaries share: a job against a server, the program itself in a folder of its own, and servers that say
//! anything at all.

// Each binary of tests/ includes this folder and uses its own part of it.
#![allow(dead_code, unused_imports, reason = "no binary uses all of it")]

pub(crate) mod left_alone;
pub(crate) mod ports;
pub(crate) mod program;
pub(crate) mod raw;
#[cfg(unix)]
pub(crate) mod running;
pub(crate) mod stale;
pub(crate) mod work;

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use flags::country::{CountryCode, Selection};
use flags::server::BaseUrl;
use test_server::{Plan, TestServer};

pub(crate) use program::{Program, Run};
pub(crate) use work::Work;

/// The strategies by name.
pub(crate) const STRATEGIES: [&str; 3] = ["sequential", "threadpool", "semaphore"];

/// Nothing here takes nearly as long; a test that hangs must end all the same.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// The pause between two looks of a loop that polls.
pub(crate) const POLL: Duration = Duration::from_millis(1);

/// Polls until `it_is_so`, once a millisecond; panics after [`WATCHDOG`].
///
/// Only for state outside the test that cannot be waited for otherwise: the counters of a server, the descriptors of a
/// process. What the test itself starts, it waits for by a channel, a join or a read.
pub(crate) fn until(mut it_is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + WATCHDOG;
    while !it_is_so() {
        assert!(Instant::now() < deadline, "waited for too long");
        thread::sleep(POLL);
    }
}

/// Runs a test that mostly waits for all of these at the same time.
pub(crate) fn at_once<T: Send>(all: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let test = &test;
    thread::scope(|scope| {
        for one in all {
            scope.spawn(move || test(one));
        }
    });
}

/// Says that this machine cannot make what a test needs. Counted: a machine that ought to be able to is not believed.
pub(crate) fn skip(what: &str) {
    eprintln!("skipped: {what}");
    if let Some(list) = std::env::var_os("FLAGS_SKIPPED") {
        let mut list = fs::File::options()
            .append(true)
            .create(true)
            .open(list)
            .unwrap();
        writeln!(list, "{what}").unwrap();
    }
}

/// Whether this machine lets a test have a network and file systems of its own.
pub(crate) fn has_namespaces() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| {
        let mut unshare = Command::new("unshare");
        let tried = unshare
            .args(["-rmn", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
            .output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// A named pipe.
#[cfg(unix)]
pub(crate) fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

pub(crate) fn codes(words: &[&str]) -> Vec<CountryCode> {
    Selection::Words(words).codes().unwrap()
}

pub(crate) fn every_code() -> Vec<CountryCode> {
    Selection::<&str>::Every.codes().unwrap()
}

pub(crate) fn limit(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// A test server under this plan; the empty one has no faults.
pub(crate) fn server(plan: &str) -> TestServer {
    TestServer::start(plan.parse::<Plan>().unwrap()).unwrap()
}

/// The bytes that a test server serves for a code, from a server that does nothing to them.
pub(crate) fn served(server: &TestServer, code: CountryCode) -> Vec<u8> {
    let cc = code.lower();
    let url = format!("{}/{cc}/{cc}.gif", server.url());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // A client insists on a provider even where it speaks plain http.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime.block_on(async {
        client
            .get(url)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
            .to_vec()
    })
}

/// The flag of Brazil, as a server without faults has it.
pub(crate) fn a_flag() -> Vec<u8> {
    served(&server(""), codes(&["br"])[0])
}

/// A size in the status file of a process, such as `VmRSS`, in kilobytes; nothing once the process has ended, and nothing
/// where there are no such files.
pub(crate) fn memory_kb(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    size.trim().strip_suffix(" kB")?.parse().ok()
}
