//! Runs that cannot begin, cannot go on, or are stopped: every file is accounted for.

use std::thread;

use concurrent_futures::{Registry, Task};
use findrobots::Job as _;
use nats_executor::{NatsOptions, WorkerOptions, run_worker};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::cluster::bench::{Bench, FILES, wait_for_the_middle};
use crate::cluster::machines::{POOL, Pool, Server, Worker, make_pool, server};
use crate::support::{Folder, Run, hit};

/// Asserts that the last line of standard error accounts for each file once. Returns it.
#[track_caller]
fn assert_accounted(run: &Run) -> String {
    let summary = run.err.lines().find(|line| line.contains(" files: "));
    let summary = summary.unwrap_or_else(|| panic!("{}", run.err)).to_owned();
    let (all, fates) = summary.split_once(" files: ").unwrap();
    let fates = fates.split(", ").filter_map(|fate| {
        let (number, words) = fate.split_once(' ')?;
        let is_fate = ["read whole", "in part", "not at all", "not attempted"].contains(&words);
        is_fate.then(|| number.parse::<usize>().unwrap())
    });
    assert_eq!(
        (all, fates.sum()),
        (&*FILES.to_string(), FILES),
        "{summary}"
    );
    summary
}

#[test]
fn ctrl_c_accounts_for_every_file() {
    let (bench, nats) = (Bench::new(), server());
    let _worker = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    wait_for_the_middle(&Pool::of(&nats));
    run.signal(Signal::INT);
    let run = run.wait();
    assert_eq!(run.exit, Some(130), "{}", run.err);
    let summary = assert_accounted(&run);
    assert!(summary.contains(" not attempted"), "{summary}");
}

#[test]
fn ctrl_c_does_not_wait_for_a_worker_that_does_not_answer() {
    let (bench, nats) = (Bench::new(), server());
    let worker = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    let pool = Pool::of(&nats);
    wait_for_the_middle(&pool);
    pool.strike(|fails| worker.stop(fails));
    run.signal(Signal::INT);
    let run = run.wait();
    assert_eq!(run.exit, Some(130), "{}", run.err);
    assert_accounted(&run);
}

/// A task of the name of ours, of an earlier version.
#[derive(Serialize, Deserialize)]
struct Older;

impl Task for Older {
    type Output = ();
    const NAME: &'static str = findrobots::Robots::NAME;
    const VERSION: u32 = 1;

    fn run(self) {}
}

#[test]
fn a_worker_of_another_version_ends_the_run_with_both_versions() {
    let (bench, nats) = (Bench::new(), server());
    let (url, stop) = (nats.url(), CancellationToken::new());
    let pool = NatsOptions::new().pool(POOL);
    let options = WorkerOptions::new()
        .connection(pool)
        .threads(1)
        .stop(stop.clone());
    let worker =
        thread::spawn(move || run_worker(&url, Registry::new().with::<Older>(), options).unwrap());
    Pool::of(&nats).wait_until("it is there", |status| status.workers.len() == 1);
    let run = bench.start(&nats.url()).wait();
    let name = findrobots::Robots::NAME;
    let error = format!(
        "*** Error: cannot go on with nats: the task {name:?} has version 2, but the worker has version 1"
    );
    let errors: Vec<_> = run
        .err
        .lines()
        .filter(|line| line.contains("***"))
        .collect();
    assert_eq!(errors, [&error], "{}", run.err);
    assert_eq!((run.exit, &*run.text()), (Some(1), ""), "{}", run.err);
    let summary = assert_accounted(&run);
    assert!(
        summary.contains(&format!("{FILES} not attempted")),
        "{summary}"
    );
    stop.cancel();
    worker.join().unwrap();
}

#[test]
fn a_full_store_ends_the_run() {
    let bench = Bench::new();
    // Room for some files.
    let full = Server::with(
        "accounts { A { users: [{user: a, password: b}], jetstream: {max_store: 5000000} } }\nno_auth_user: a",
    );
    make_pool(&full);
    let run = bench.start_with(["--via-object-store", "--nats", &full.url()]);
    let run = run.wait();
    assert_eq!((run.exit, &*run.text()), (Some(1), ""), "{}", run.err);
    let error = "*** Error: cannot go on with nats: the server does not accept the task: ";
    let errors: Vec<_> = run
        .err
        .lines()
        .filter(|line| line.contains("***"))
        .collect();
    assert!(
        errors.len() == 1 && errors[0].starts_with(error),
        "{errors:?}"
    );
    assert_accounted(&run);
}

#[test]
fn a_server_that_stays_away_ends_the_run() {
    let (bench, mut nats) = (Bench::new(), server());
    let _worker = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    wait_for_the_middle(&Pool::of(&nats));
    nats.kill();
    let run = run.wait();
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let error = format!("no connection to {} for 30s", nats.url());
    assert!(run.err.contains(&error), "{}", run.err);
    assert_accounted(&run);
}

#[test]
fn a_worker_without_access_to_the_files_says_why_for_each() {
    let (bench, nats) = (Bench::new(), server());
    let run = bench.start(&nats.url());
    Pool::of(&nats).wait_until("all tasks are queued", |status| {
        status.queued >= FILES as u64
    });
    std::fs::remove_dir_all(bench.folder.path().join("logs")).unwrap();
    let _worker = Worker::start(&nats.url());
    let run = run.wait();
    assert_eq!((run.exit, &*run.text()), (Some(1), ""), "{}", run.err);
    let error = "*** Error: logs/0.log: No such file or directory (os error 2)\n";
    assert!(run.err.contains(error), "{}", run.err);
    let summary = assert_accounted(&run);
    assert!(
        summary.contains(&format!("{FILES} not at all")),
        "{summary}"
    );
}

#[test]
fn without_a_server_the_run_fails_and_names_it() {
    let folder = Folder::new();
    folder.write("logs/a.log", hit("a"));
    for (url, exit, error) in [
        (
            "nats://127.0.0.1:1",
            1,
            "cannot connect to nats://127.0.0.1:1: ",
        ),
        (
            "http://127.0.0.1:1",
            2,
            "'http://127.0.0.1:1' is not the URL of a NATS server, such as nats://host:4222: ",
        ),
    ] {
        for args in [
            &["--nats", url, "--glob", "*.log", "logs"][..],
            &["--worker", url],
        ] {
            let run = folder.run(args);
            assert_eq!((run.exit, &*run.text()), (Some(exit), ""), "{}", run.err);
            let error = format!("*** Error: {error}");
            assert!(run.err.starts_with(&error), "{}", run.err);
            assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        }
    }
}

#[test]
fn a_password_of_the_nats_server_is_never_shown() {
    let password = "s3cret-of-nats";
    let (folder, nats) = (
        Folder::new(),
        Server::with(&format!(
            "authorization {{ user: me, password: {password} }}"
        )),
    );
    folder.write("logs/a.log", hit("a"));
    let at = |user: &str| format!("nats://{user}@127.0.0.1:{}", nats.port());
    let right = at(&format!("me:{password}"));
    let silent = |what: &str, text: &str| assert!(!text.contains(password), "{what}: {text}");

    let worker = Worker::start(&right);
    let search = ["--glob", "*.log", "logs", "--nats"];
    let reports = ["r.json", "r.html", "r.md", "r.svg"];
    let reports: Vec<_> = reports.iter().flat_map(|name| ["--report", name]).collect();
    let compare = ["--compare", "--rounds", "1", "--warmup", "0"];
    for more in [&[][..], &compare] {
        let run = folder.run([&search[..], &[&right], &reports, more].concat());
        assert_eq!(run.exit, Some(0), "{}", run.err);
        silent("output", &(run.text() + &run.err));
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                silent(
                    &path.display().to_string(),
                    &String::from_utf8_lossy(&bytes),
                );
            }
        }
    }
    let (printed, _) = worker.end();
    silent("the worker", &printed);

    let wrong = at(&format!("you:{password}"));
    let gone = format!("nats://me:{password}@127.0.0.1:1");
    let bad = format!("http://me:{password}@127.0.0.1");
    let odd = format!("nats://me:{password}@[::1");
    for url in [&wrong, &gone, &bad, &odd] {
        for args in [&[&search[..], &[url]].concat()[..], &["--worker", url]] {
            let run = folder.run(args);
            assert!(matches!(run.exit, Some(1 | 2)), "{}", run.err);
            silent("output", &(run.text() + &run.err));
        }
    }
    for args in [
        &["--nats", &right, "--worker", &right][..],
        &["--nats", &right, "-j", "2", "logs"],
        &["--nats", &right, "nowhere"],
        &["--nats", &right, "logs", "--pool", "a.b"],
    ] {
        let run = folder.run(args);
        silent("output", &(run.text() + &run.err));
    }
}
