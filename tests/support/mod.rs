//! Helpers shared by the test binaries: jobs against a server, the program in a folder of its own, and servers that
//! write raw bytes.

// Each test binary includes this folder and uses a part of it.
#![allow(dead_code, unused_imports, reason = "no binary uses all of it")]

pub(crate) mod certificates;
pub(crate) mod http2;
pub(crate) mod pausing_server;
pub(crate) mod ports;
pub(crate) mod program;
pub(crate) mod raw;
#[cfg(unix)]
pub(crate) mod running;
pub(crate) mod stale;
pub(crate) mod tls;
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
use test_server::{Plan, Stats, TestServer};

pub(crate) use program::{Program, Run};
pub(crate) use work::Work;

/// The names of the strategies.
pub(crate) const STRATEGIES: [&str; 3] = ["sequential", "threadpool", "semaphore"];

/// The limit for every wait of a test, so that a test that hangs ends. No wait normally takes nearly as long.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// Blocks until the counters of the server meet the condition. Panics with them after [`WATCHDOG`].
#[track_caller]
pub(crate) fn wait_until(server: &TestServer, condition: impl FnMut(&Stats) -> bool) -> Stats {
    let waited = server.wait_until(WATCHDOG, condition);
    waited.unwrap_or_else(|stats| panic!("waited for too long: {stats:?}"))
}

/// Runs `test` for all items in parallel, each in a thread of its own. For tests that mostly wait.
pub(crate) fn in_parallel<T: Send>(items: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let test = &test;
    thread::scope(|scope| {
        for item in items {
            scope.spawn(move || test(item));
        }
    });
}

/// Reports that this machine lacks `what` and that the test is skipped.
///
/// Appends a line to the file named by `FLAGS_SKIPPED`, if that is set: `.ci/run` counts the lines and fails if there
/// are more than the machine explains.
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

/// Whether this machine allows a test to create network and mount namespaces.
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

/// Creates a named pipe.
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

/// Starts a test server with this plan. The empty plan has no faults.
pub(crate) fn server(plan: &str) -> TestServer {
    TestServer::start(plan.parse::<Plan>().unwrap()).unwrap()
}

/// Returns the bytes that a test server without faults serves for a code.
pub(crate) fn served(server: &TestServer, code: CountryCode) -> Vec<u8> {
    let cc = code.lower();
    let url = format!("{}/{cc}/{cc}.gif", server.url());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // The client requires a TLS provider even for plain http.
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

/// Returns the flag of Brazil, as served by a server without faults.
pub(crate) fn flag_of_brazil() -> Vec<u8> {
    served(&server(""), codes(&["br"])[0])
}

/// Returns a size from the status file of a process, such as `VmRSS`, in kilobytes. Returns `None` if the process has
/// ended or the system has no such files.
pub(crate) fn memory_kb(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    size.trim().strip_suffix(" kB")?.parse().ok()
}
