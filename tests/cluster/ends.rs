//! Runs that cannot begin, cannot go on, or are stopped: every line is accounted for, and `--failed` completes the rest.

use std::fs;
use std::thread;

use concurrent_futures::{Registry, Task};
use nats_executor::{NatsOptions, WorkerOptions, run_worker};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, LINES, SLOW_SITE, account, program};
use crate::machines::{POOL, Pool, Server, Worker, make_pool, server};
use crate::support::running::Running;
use crate::support::{Program, server as site, wait_until};

/// Returns a number of the totals.
fn count(totals: &Value, field: &str) -> u64 {
    totals[field].as_u64().unwrap()
}

/// Asserts that the totals of a report count each line once, and that it has a record of each.
#[track_caller]
fn assert_accounted(program: &Program, report: &str) -> Value {
    let (records, totals) = account(program, report);
    let mut lines: Vec<_> = records.iter().map(|record| record[0].as_u64()).collect();
    lines.dedup();
    assert_eq!((lines.len(), records.len()), (LINES, LINES));
    let fields = ["ok", "not_found", "error", "not_attempted"];
    let all: u64 = fields.iter().map(|field| count(&totals, field)).sum();
    assert_eq!(all, LINES as u64, "{totals}");
    totals
}

#[test]
fn after_ctrl_c_failed_completes_the_rest() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let _worker = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    bench.wait_for_requests(150);
    run.signal(Signal::INT);
    let run = run.wait();
    assert_eq!(run.exit, Some(130), "{}", run.err);
    let totals = assert_accounted(&bench.program, "nats.json");
    assert!(count(&totals, "not_attempted") > 0, "{totals}");
    assert!(count(&totals, "ok") > 0, "{totals}");

    let args = ["--failed", "nats.json", "-q", "--nats", &nats.url()];
    let rest = bench
        .program
        .run([&args[..], &["--report", "rest.json"]].concat());
    assert_eq!(rest.exit, Some(1), "{}", rest.err);
    let (_, rest) = account(&bench.program, "rest.json");
    let asked = count(&totals, "error") + count(&totals, "not_attempted");
    let fields = ["ok", "not_found", "error"];
    let done: u64 = fields.iter().map(|field| count(&rest, field)).sum();
    assert_eq!(done, asked, "{rest}");
    let (_, local) = account(&bench.program, "local.json");
    assert_eq!(
        count(&totals, "ok") + count(&rest, "ok"),
        count(&local, "ok")
    );
    bench.assert_files();
}

#[test]
fn downloads_in_progress_at_ctrl_c_are_interrupted() {
    let (site, nats) = (site("100:delay=100s"), server());
    let program = program(&site);
    let _worker = Worker::start(&nats.url());
    let url = nats.url();
    let args = [
        "--input", "list", "-m", "5", "--nats", &url, "--report", "r.json",
    ];
    // A range counts as not begun until the worker has told that it has: that takes some milliseconds.
    let is_interrupted = || {
        let before = site.stats().requests;
        let run = Running::start(&program, &args);
        wait_until(&site, |stats| stats.requests >= before + 5);
        run.signal(Signal::INT);
        let run = run.wait();
        assert_eq!(run.exit, Some(130), "{}", run.err);
        let totals = assert_accounted(&program, "r.json");
        let errors = count(&totals, "error");
        assert!(errors == 0 || errors == 5, "{totals}");
        assert_eq!(count(&totals, "ok"), 0);
        errors == 5
    };
    assert!((0..20).any(|_| is_interrupted()));
}

#[test]
fn ctrl_c_does_not_wait_for_a_worker_that_does_not_answer() {
    let (site, nats) = (site("100:delay=100s"), server());
    let program = program(&site);
    let worker = Worker::start(&nats.url());
    let url = nats.url();
    let args = ["--input", "list", "--nats", &url, "--report", "r.json"];
    let run = Running::start(&program, &args);
    wait_until(&site, |stats| stats.requests >= 5);
    worker.signal(Signal::STOP);
    run.signal(Signal::INT);
    let run = run.wait();
    assert_eq!(run.exit, Some(130), "{}", run.err);
    let totals = assert_accounted(&program, "r.json");
    assert_eq!(count(&totals, "ok"), 0, "{totals}");
    let (records, _) = account(&program, "r.json");
    let message = "interrupted: its worker has given no result";
    assert!(records.iter().any(|record| record[3] == message));
}

/// A task of the name of ours, of an earlier version.
#[derive(Serialize, Deserialize)]
struct Older;

impl Task for Older {
    type Output = ();
    const NAME: &'static str = "flags::download-range";
    const VERSION: u32 = 1;

    fn run(self) {}
}

#[test]
fn a_worker_of_another_version_ends_the_run_with_both_versions() {
    let (site, nats) = (site(""), server());
    let program = program(&site);
    let (url, stop) = (nats.url(), CancellationToken::new());
    let pool = NatsOptions::new().pool(POOL);
    let options = WorkerOptions::new()
        .connection(pool)
        .threads(1)
        .stop(stop.clone());
    let worker = {
        let url = url.clone();
        thread::spawn(move || run_worker(&url, Registry::new().with::<Older>(), options).unwrap())
    };
    Pool::of(&nats).wait_until("it is there", |status| status.workers.len() == 1);
    let run = program.run(["--input", "list", "--nats", &url, "--report", "r.json"]);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let error = r#"*** Error: cannot go on with nats: the task "flags::download-range" has version 3, but the worker has version 1"#;
    let errors: Vec<_> = run
        .err
        .lines()
        .filter(|line| line.contains("***"))
        .collect();
    assert_eq!(errors, [error], "{}", run.err);
    let totals = assert_accounted(&program, "r.json");
    assert_eq!(count(&totals, "not_attempted"), LINES as u64, "{totals}");
    assert_eq!(site.stats().requests, 0);
    stop.cancel();
    worker.join().unwrap();
}

#[test]
fn a_full_store_ends_the_run_and_failed_completes_it() {
    let bench = Bench::new("20:status=503");
    // Room for a part of the list.
    let full = Server::with(
        "accounts { A { users: [{user: a, password: b}], jetstream: {max_store: 20000} } }\nno_auth_user: a",
    );
    make_pool(&full);
    let run = bench.start(&full.url()).wait();
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let error = "*** Error: cannot go on with nats: the server does not accept the task: ";
    assert!(run.err.contains(error), "{}", run.err);
    let totals = assert_accounted(&bench.program, "nats.json");
    assert_eq!(count(&totals, "not_attempted"), LINES as u64, "{totals}");

    let nats = server();
    let _worker = Worker::start(&nats.url());
    let args = ["--failed", "nats.json", "-q", "--nats", &nats.url()];
    let run = bench.program.run(args);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    bench.assert_files();
}

#[test]
fn a_server_that_stays_away_ends_the_run() {
    let (bench, mut nats) = (Bench::new(SLOW_SITE), server());
    let _worker = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    // In the second range.
    bench.wait_for_requests(250);
    nats.kill();
    let run = run.wait();
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let totals = assert_accounted(&bench.program, "nats.json");
    assert!(count(&totals, "ok") > 0, "{totals}");
    let (records, _) = account(&bench.program, "nats.json");
    let lost = format!(
        "lost: the task may have run, but its outcome is unknown: no connection to {} for 30s",
        nats.url()
    );
    assert!(records.iter().any(|record| record[3] == *lost));

    nats.restart();
    let args = ["--failed", "nats.json", "-q", "--nats", &nats.url()];
    let run = bench.program.run(args);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    Pool::of(&nats).wait_until_idle(1);
    bench.assert_files();
}

/// The folder of the run is a file to the worker.
#[cfg(target_os = "linux")]
#[test]
fn a_run_ends_if_no_worker_has_access_to_its_folder() {
    let (site, nats, folder) = (site(""), server(), tempfile::tempdir().unwrap());
    let program = program(&site);
    fs::write(folder.path().join("downloads"), "").unwrap();
    let _worker = Worker::in_folder(&nats.url(), folder.path());
    let url = nats.url();
    let args = ["--input", "list", "--report", "r.json", "--nats", &url];
    let run = program.run([&args[..], &["--dest", "/proc/self/cwd/downloads"]].concat());
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let totals = assert_accounted(&program, "r.json");
    assert_eq!(totals["not_attempted"], LINES, "{totals}");
    let why = ": cannot read /proc/self/cwd/downloads: ";
    let lines: Vec<_> = run.err.lines().filter(|line| line.contains(why)).collect();
    assert!(lines[0].starts_with("*** Error: worker "), "{}", run.err);
    let end = "*** Error: cannot go on with nats: worker ";
    assert!(lines.len() == 2 && lines[1].starts_with(end), "{}", run.err);
    assert_eq!(site.stats().requests, 0);
}

#[test]
fn without_a_server_the_run_fails_and_names_it() {
    let program = program(&site(""));
    for (url, exit, error) in [
        (
            "nats://127.0.0.1:1",
            1,
            "*** Error: cannot connect to nats://127.0.0.1:1: ",
        ),
        (
            "http://127.0.0.1:1",
            2,
            "*** Usage error: 'http://127.0.0.1:1' is not the URL of a NATS server, such as nats://host:4222",
        ),
    ] {
        for args in [&["--input", "list", "--nats", url][..], &["--worker", url]] {
            let run = program.run(args);
            assert_eq!((run.exit, &*run.out), (Some(exit), ""), "{}", run.err);
            assert!(run.err.starts_with(error), "{}", run.err);
            // A usage error has a second line, which says how to get help.
            let lines = usize::try_from(exit).unwrap();
            assert_eq!(run.err.lines().count(), lines, "{}", run.err);
        }
    }
    let run = program.run(["--input", "list", "--nats", "nats://x", "--pool", "a.b"]);
    let error = "*** Usage error: 'a.b' cannot be the name of a pool: ";
    assert!(run.err.starts_with(error), "{}", run.err);
    assert_eq!(run.exit, Some(2));
}

#[test]
fn options_that_workers_do_not_have_are_usage_errors() {
    let program = program(&site(""));
    let list = ["--nats", "nats://x", "--input", "list"];
    let with = |args: &[&'static str]| [&list[..], args].concat();
    for (args, error) in [
        (
            vec!["--executor", "nats", "--input", "list"],
            "--executor nats needs --nats URL",
        ),
        (
            vec!["--nats", "nats://x", "br"],
            "--executor nats needs --input FILE",
        ),
        (
            with(&["--executor", "local"]),
            "--nats URL cannot be used with --executor local",
        ),
        (
            with(&["--user", "me:secret"]),
            "--header and --user cannot be used with --executor nats",
        ),
        (
            with(&["--rate", "5"]),
            "--rate N and --max-per-host N cannot be used with --executor nats",
        ),
        (
            vec!["--worker", "nats://x", "br"],
            "--worker URL cannot be used with CC",
        ),
        (
            vec!["--worker-threads", "2", "br"],
            "--worker-threads N needs --worker URL",
        ),
    ] {
        let run = program.run(&args);
        assert_eq!((run.exit, &*run.out), (Some(2), ""), "{args:?}");
        let expected = format!("*** Usage error: {error}");
        assert!(run.err.starts_with(&expected), "{}", run.err);
    }
}
