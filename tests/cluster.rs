//! A list on workers of a real nats-server: the same account as of a local run, also if a worker is killed or the run is stopped.
//!
//! Needs the program nats-server (`apt-get install nats-server`):
//!
//! ```sh
//! cargo test -p flags --features nats --test cluster
//! ```

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use support::running::Running;
use support::{Program, WATCHDOG, every_code, listing, server, wait_until};
use tempfile::TempDir;
use test_server::TestServer;

/// A process that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A nats-server on a free port.
struct Nats {
    _process: Killed,
    _folder: TempDir,
    url: String,
}

impl Nats {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let programs = ["/usr/sbin/nats-server", "/usr/bin/nats-server"];
        let program = programs.iter().find(|path| fs::exists(path).unwrap());
        let child = Command::new(program.unwrap_or(&"nats-server"))
            .args(["-js", "-a", "127.0.0.1", "-p", "-1"])
            .args(["-sd", &format!("{path}/store")])
            .args(["--ports_file_dir", &path])
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs nats-server: apt-get install nats-server");
        let ports = folder
            .path()
            .join(format!("nats-server_{}.ports", child.id()));
        let process = Killed(child);
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(&ports).unwrap_or_default();
            if let Some((_, rest)) = text.split_once("nats://")
                && let Some((address, _)) = rest.split_once('"')
            {
                return Self {
                    _process: process,
                    _folder: folder,
                    url: format!("nats://{address}"),
                };
            }
            assert!(began.elapsed() < WATCHDOG, "the server has not started");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts a worker, which downloads one range at a time.
    fn worker(&self) -> Killed {
        // Another folder than that of the run: paths must be absolute.
        self.worker_in(Path::new("/"))
    }

    fn worker_in(&self, folder: &Path) -> Killed {
        let program = Program::new();
        let mut command = program.command();
        command
            .current_dir(folder)
            .args(["--worker", &self.url, "--worker-threads", "1"])
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(
            line.starts_with("worker: takes tasks of the pool"),
            "{line}"
        );
        // It must be able to write more.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Killed(child)
    }
}

/// The number of lines of the list: all codes, a name that occurs twice, and a line that is none.
const LINES: usize = 678;

/// Returns a program with a list of all codes on this server.
fn program(server: &TestServer) -> Program {
    let url = server.url();
    let mut list = String::new();
    for code in every_code() {
        let cc = code.lower();
        list += &format!("{url}/{cc}/{cc}.gif\n");
    }
    list += &format!("{url}/us/us.gif\nnot a URL\n");
    let program = Program::new();
    fs::write(program.folder.path().join("list"), list).unwrap();
    program
}

/// Returns what the report says of each line, without times, and the totals.
fn account(program: &Program, report: &str) -> (Vec<[Value; 6]>, Value) {
    let text = fs::read_to_string(program.folder.path().join(report)).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let run = &report["runs"][0];
    let mut totals = run["totals"].clone();
    totals.as_object_mut().unwrap().remove("elapsed_ms");
    let records = run["records"].as_array().unwrap().iter();
    let fields = ["line", "name", "status", "message", "bytes", "path"];
    let records = records.map(|record| fields.map(|field| record[field].clone()));
    (records.collect(), totals)
}

#[test]
fn workers_give_the_account_of_a_local_run() {
    let (site, nats) = (server("20:status=503"), Nats::start());
    let program = program(&site);
    let local = program.run(["--input", "list", "-q", "--report", "local.json"]);
    assert_eq!(local.exit, Some(1), "{}", local.err);
    let files = listing(&program.downloads());
    let contents = |name: &String| fs::read(program.downloads().join(name)).unwrap();
    let before: Vec<_> = files.iter().map(contents).collect();
    fs::remove_dir_all(program.downloads()).unwrap();

    let _workers = [nats.worker(), nats.worker()];
    let args = ["--input", "list", "-q", "--executor", "nats"];
    let report = ["--nats", &nats.url, "--report", "nats.json"];
    let run = program.run([&args[..], &report].concat());
    assert_eq!(run.exit, local.exit, "{}", run.err);
    let summary = |out: &str| {
        out.lines()
            .filter(|line| !line.contains("time"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(summary(&run.out), summary(&local.out));
    let (local, on_workers) = (
        account(&program, "local.json"),
        account(&program, "nats.json"),
    );
    assert_eq!(local.0.len(), LINES);
    assert_eq!(on_workers, local);
    assert_eq!(listing(&program.downloads()), files);
    assert!(files.contains(&"us.2.gif".to_owned()));
    assert_eq!(files.iter().map(contents).collect::<Vec<_>>(), before);
}

#[test]
fn a_killed_worker_costs_time_and_no_line() {
    let (site, nats) = (server("100:delay=20ms"), Nats::start());
    let program = program(&site);
    let mut first = nats.worker();
    let args = [
        "--input", "list", "-m", "5", "--nats", &nats.url, "--report", "r.json",
    ];
    let run = Running::start(&program, &args);
    wait_until(&site, |stats| stats.requests > 100);
    first.0.kill().unwrap();
    let _next = nats.worker();
    let run = run.wait();
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let (records, totals) = account(&program, "r.json");
    assert_eq!(records.len(), LINES);
    assert_eq!(
        (&totals["ok"], &totals["error"]),
        (&195.into(), &1.into()),
        "{totals}"
    );
    assert_eq!(listing(&program.downloads()).len(), 195);
}

/// The folder of the run is a file to the worker.
#[cfg(target_os = "linux")]
#[test]
fn each_line_of_a_range_without_a_result_says_why() {
    let (site, nats, folder) = (server(""), Nats::start(), tempfile::tempdir().unwrap());
    let program = program(&site);
    fs::write(folder.path().join("downloads"), "").unwrap();
    let _worker = nats.worker_in(folder.path());
    let args = ["--input", "list", "--report", "r.json", "--nats", &nats.url];
    let run = program.run([&args[..], &["--dest", "/proc/self/cwd/downloads"]].concat());
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let (records, totals) = account(&program, "r.json");
    assert_eq!(records.len(), LINES);
    assert_eq!(totals["error"], LINES, "{totals}");
    let message = records[0][3].as_str().unwrap();
    assert!(
        message.starts_with("lost: cannot write /proc/self/cwd/downloads"),
        "{message}"
    );
    assert_eq!(site.stats().requests, 0);
}

#[test]
fn ctrl_c_accounts_for_every_line() {
    let (site, nats) = (server("100:delay=100s"), Nats::start());
    let program = program(&site);
    let _worker = nats.worker();
    let args = [
        "--input", "list", "-m", "5", "--nats", &nats.url, "--report", "r.json",
    ];
    let run = Running::start(&program, &args);
    wait_until(&site, |stats| stats.requests >= 5);
    run.signal(Signal::INT);
    let run = run.wait();
    assert_eq!(run.exit, Some(130), "{}", run.err);
    let (records, totals) = account(&program, "r.json");
    assert_eq!(records.len(), LINES);
    let count = |field: &str| totals[field].as_u64().unwrap();
    assert_eq!(
        count("error") + count("not_attempted"),
        LINES as u64,
        "{totals}"
    );
    assert_eq!((count("error"), count("ok")), (5, 0), "{totals}");
}

#[test]
fn without_a_server_the_run_fails_and_names_it() {
    let program = program(&server(""));
    for args in [
        &["--input", "list", "--nats", "nats://127.0.0.1:1"][..],
        &["--worker", "nats://127.0.0.1:1"],
    ] {
        let run = program.run(args);
        assert_eq!((run.exit, &*run.out), (Some(1), ""));
        let error = "*** Error: cannot connect to nats://127.0.0.1:1";
        assert!(run.err.starts_with(error), "{}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    }
}

#[test]
fn options_that_workers_do_not_have_are_usage_errors() {
    let program = program(&server(""));
    for (args, error) in [
        (
            &["--executor", "nats", "--input", "list"][..],
            "--executor nats needs --nats URL",
        ),
        (
            &["--nats", "nats://x", "br"],
            "--executor nats needs --input FILE",
        ),
        (
            &[
                "--nats",
                "nats://x",
                "--input",
                "list",
                "--executor",
                "local",
            ],
            "--nats URL cannot be used with --executor local",
        ),
        (
            &[
                "--nats",
                "nats://x",
                "--input",
                "list",
                "--user",
                "me:secret",
            ],
            "--header and --user cannot be used with --executor nats",
        ),
        (
            &["--nats", "nats://x", "--input", "list", "--rate", "5"],
            "--rate N and --max-per-host N cannot be used with --executor nats",
        ),
        (
            &["--worker", "nats://x", "br"],
            "--worker URL cannot be used with CC",
        ),
        (
            &["--worker-threads", "2", "br"],
            "--worker-threads N needs --worker URL",
        ),
    ] {
        let run = program.run(args);
        assert_eq!((run.exit, &*run.out), (Some(2), ""), "{args:?}");
        let expected = format!("*** Usage error: {error}");
        assert!(run.err.starts_with(&expected), "{}", run.err);
    }
}
