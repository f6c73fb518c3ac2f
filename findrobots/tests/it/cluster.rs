//! The search on workers that get their tasks from a nats-server: the same answer as on threads, also if a worker is killed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::log::misses;
use crate::support::program::WATCHDOG;
use crate::support::{Folder, Run, hit};

/// A process that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server in the folder. Returns its URL.
fn server(folder: &Folder) -> (Killed, String) {
    let path = folder.path().display().to_string();
    let program = ["/usr/sbin/nats-server", "/usr/bin/nats-server"];
    let program = program.iter().find(|path| fs::exists(path).unwrap());
    let child = std::process::Command::new(program.unwrap_or(&"nats-server"))
        .args([
            "-js",
            "-sd",
            &format!("{path}/store"),
            "-a",
            "127.0.0.1",
            "-p",
            "-1",
        ])
        .args(["--ports_file_dir", &path])
        .stderr(Stdio::null())
        .spawn()
        .expect("this test needs nats-server: apt-get install nats-server");
    let ports = folder
        .path()
        .join(format!("nats-server_{}.ports", child.id()));
    let child = Killed(child);
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(&ports).unwrap_or_default();
        if let Some((_, rest)) = text.split_once("nats://")
            && let Some((address, _)) = rest.split_once('"')
        {
            return (child, format!("nats://{address}"));
        }
        assert!(began.elapsed() < WATCHDOG, "the server has not started");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn worker(folder: &Folder, url: &str) -> Killed {
    let mut command = folder.command();
    // Another folder than that of the run: paths must be absolute.
    command
        .current_dir("/")
        .args(["--worker", url, "-j", "1"])
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("worker: takes tasks of the pool"),
        "{line}"
    );
    // It must be able to write more.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    Killed(child)
}

/// Writes files that are so large that each is a task.
fn logs(folder: &Folder) {
    for number in 0..24 {
        let lines = [
            hit(&format!("host-{number}")),
            misses(600_000 + number * 1000),
        ]
        .concat();
        assert!(lines.len() > 1 << 19);
        folder.write(format!("logs/{number}.log"), lines);
    }
}

fn assert_same(one: &Run, other: &Run) {
    assert_eq!(
        (one.text(), one.exit),
        (other.text(), other.exit),
        "{}",
        other.err
    );
}

#[test]
fn workers_of_a_server_find_what_threads_find() {
    let folder = Folder::new();
    logs(&folder);
    let (_server, url) = server(&folder);
    let _workers = [worker(&folder, &url), worker(&folder, &url)];
    let on_threads = folder.run(["-q", "--glob", "*.log", "logs"]);
    let on_workers = folder.run([
        "-q",
        "--executor",
        "nats",
        "--nats",
        &url,
        "--glob",
        "*.log",
        "logs",
    ]);
    assert_eq!(on_threads.text().lines().count(), 24);
    assert_same(&on_threads, &on_workers);
    let sent = [
        "-q",
        "--nats",
        &url,
        "--via-object-store",
        "--glob",
        "*.log",
        "logs",
    ];
    assert_same(&on_threads, &folder.run(sent));
    let strict =
        |args: &[&str]| folder.run([&["-q", "--strict", "--glob", "*.log", "logs"], args].concat());
    assert_same(&strict(&[]), &strict(&["--nats", &url]));
}

#[test]
fn a_killed_worker_costs_time_and_no_file() {
    let folder = Folder::new();
    logs(&folder);
    let (_server, url) = server(&folder);
    let on_threads = folder.run(["-q", "--glob", "*.log", "logs"]);
    let mut command = folder.command();
    command.args(["-q", "--nats", &url, "--glob", "*.log", "logs"]);
    let mut first = worker(&folder, &url);
    let killer = std::thread::spawn({
        let other = Folder::new();
        move || {
            // At any time of the run: what is lost must not depend on it.
            std::thread::sleep(Duration::from_millis(300));
            first.0.kill().unwrap();
            let next = worker(&other, &url);
            (next, other)
        }
    });
    let on_workers = Run::of(&mut command, b"");
    assert_same(&on_threads, &on_workers);
    drop(killer.join().unwrap());
}

#[test]
fn a_comparison_shows_the_workers_beside_threads() {
    let folder = Folder::new();
    logs(&folder);
    let (_server, url) = server(&folder);
    let _workers = [worker(&folder, &url), worker(&folder, &url)];
    let args = [
        "--compare",
        "--rounds",
        "1",
        "--warmup",
        "0",
        "--nats",
        &url,
        "--glob",
        "*.log",
        "logs",
    ];
    let run = folder.run(args);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let table = run.text();
    let line = table.lines().find(|line| line.starts_with("nats")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1..3], ["2", "24"], "workers and tasks: {table}");
}

#[test]
fn without_a_server_the_run_fails_and_names_it() {
    let folder = Folder::new();
    logs(&folder);
    let run = folder.run(["--nats", "nats://127.0.0.1:1", "--glob", "*.log", "logs"]);
    assert_eq!((run.exit, &*run.text()), (Some(1), ""));
    assert!(
        run.err.contains("cannot connect to nats://127.0.0.1:1"),
        "{}",
        run.err
    );
    let worker = folder.run(["--worker", "nats://127.0.0.1:1"]);
    assert_eq!(worker.exit, Some(1));
    assert!(
        worker.err.contains("cannot connect to nats://127.0.0.1:1"),
        "{}",
        worker.err
    );
}
