//! The tasks that the tests and the benchmark send.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use concurrent_futures::{Bytes, Registry, Task, current, task};
use serde::{Deserialize, Serialize};

fn noop(n: u64) -> u64 {
    n
}

task!(pub(crate) Noop = fn noop(n: u64) -> u64, name = "test::noop");

fn sleep(ms: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(ms));
    ms
}

task!(pub(crate) Sleep = fn sleep(ms: u64) -> u64, name = "test::sleep");

/// Appends a line to a file, then waits until another file exists. Returns whether it was cancelled.
fn wait_for(begun: PathBuf, go_on: PathBuf) -> bool {
    append(&begun);
    while !go_on.exists() {
        if current().is_cancelled() {
            append(&begun.with_extension("cancelled"));
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

task!(pub(crate) WaitFor = fn wait_for(begun: PathBuf, go_on: PathBuf) -> bool, name = "test::wait-for");

/// Appends a line to a file, then waits until another file exists, also if it is cancelled.
fn hold_out(begun: PathBuf, go_on: PathBuf) {
    append(&begun);
    while !go_on.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

task!(pub(crate) HoldOut = fn hold_out(begun: PathBuf, go_on: PathBuf), name = "test::hold-out");

/// Sleeps, and appends its number to a file.
fn record(n: u64, ms: u64, file: PathBuf) -> u64 {
    std::thread::sleep(Duration::from_millis(ms));
    append_line(&file, &n.to_string());
    n
}

task!(pub(crate) Record = fn record(n: u64, ms: u64, file: PathBuf) -> u64, name = "test::record");

fn append(path: &PathBuf) {
    append_line(path, &std::process::id().to_string());
}

fn append_line(path: &PathBuf, line: &str) {
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(path);
    let mut file = file.expect("the folder of the test exists");
    let line = format!("{line}\n");
    file.write_all(line.as_bytes())
        .expect("the disk is not full");
}

/// Kills its worker.
fn kill(begun: PathBuf) {
    append(&begun);
    std::process::abort();
}

task!(pub(crate) Kill = fn kill(begun: PathBuf), name = "test::kill");

/// Kills its worker, the first time.
fn kill_once(begun: PathBuf) -> u64 {
    let is_first = !begun.exists();
    append(&begun);
    if is_first {
        std::process::abort();
    }
    42
}

task!(pub(crate) KillOnce = fn kill_once(begun: PathBuf) -> u64, name = "test::kill-once");

fn echo(n: u64, ballast: Bytes) -> u64 {
    std::thread::sleep(Duration::from_millis(n % 20));
    std::hint::black_box(ballast);
    n
}

task!(pub(crate) Echo = fn echo(n: u64, ballast: Bytes) -> u64, name = "test::echo");

fn panics(message: String) -> u64 {
    panic!("{message}");
}

task!(pub(crate) Panics = fn panics(message: String) -> u64, name = "test::panics");

fn half(n: u64) -> Result<u64, String> {
    if n.is_multiple_of(2) {
        Ok(n / 2)
    } else {
        Err(format!("{n} is odd"))
    }
}

task!(pub(crate) Half = fn half(n: u64) -> Result<u64, String>, name = "test::half");

fn large(bytes: usize) -> Bytes {
    Bytes(vec![7; bytes])
}

task!(pub(crate) Large = fn large(bytes: usize) -> Bytes, name = "test::large");

/// Waits until a file exists that has the id of this process as its name.
fn large_later(begun: PathBuf, folder: PathBuf, bytes: usize) -> Bytes {
    append(&begun);
    let go_on = folder.join(std::process::id().to_string());
    while !go_on.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    Bytes(vec![7; bytes])
}

task!(pub(crate) LargeLater = fn large_later(begun: PathBuf, folder: PathBuf, bytes: usize) -> Bytes, name = "test::large-later");

fn length(content: Bytes) -> usize {
    content.len()
}

task!(pub(crate) Length = fn length(content: Bytes) -> usize, name = "test::length");

/// A value whose decoding panics.
#[derive(Serialize)]
pub(crate) struct Trap;

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer)?;
        panic!("a trap was decoded");
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Traps(pub u64);

impl Task for Traps {
    type Output = Trap;
    const NAME: &'static str = "test::noop";

    fn run(self) -> Trap {
        Trap
    }
}

/// A value that panics when it is dropped, if it was decoded.
#[derive(Serialize)]
pub(crate) struct Bomb(bool);

impl<'de> Deserialize<'de> for Bomb {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer)?;
        Ok(Self(true))
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "a bomb was dropped");
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Bombs(pub u64);

impl Task for Bombs {
    type Output = Bomb;
    const NAME: &'static str = "test::noop";

    fn run(self) -> Bomb {
        Bomb(false)
    }
}

/// A task that the worker has in another version.
#[derive(Serialize, Deserialize)]
pub(crate) struct Newer(pub u64);

impl Task for Newer {
    type Output = u64;
    const NAME: &'static str = "test::noop";
    const VERSION: u32 = 7;

    fn run(self) -> u64 {
        self.0
    }
}

/// A task that the worker does not have.
#[derive(Serialize, Deserialize)]
pub(crate) struct Unknown;

impl Task for Unknown {
    type Output = ();
    const NAME: &'static str = "test::unknown";

    fn run(self) {}
}

/// The tasks of the worker.
pub(crate) fn registry() -> Registry {
    Registry::new()
        .with::<Noop>()
        .with::<Echo>()
        .with::<Sleep>()
        .with::<WaitFor>()
        .with::<HoldOut>()
        .with::<Record>()
        .with::<Kill>()
        .with::<KillOnce>()
        .with::<Panics>()
        .with::<Half>()
        .with::<Large>()
        .with::<LargeLater>()
        .with::<Length>()
}
