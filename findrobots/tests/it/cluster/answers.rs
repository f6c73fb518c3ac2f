//! Runs without faults: what threads find.

use crate::cluster::bench::{Bench, FILES};
use crate::cluster::machines::{Pool, Worker, server};
use crate::support::Run;

#[test]
fn workers_of_a_server_find_what_threads_find() {
    let (bench, nats) = (Bench::new(), server());
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start_with(["--executor", "nats", "--nats", &nats.url()]));
    let strict = |args: &[&str]| {
        let strict = ["-q", "--strict", "--glob", "*.log", "logs"];
        bench.folder.run([&strict[..], args].concat())
    };
    let (on_threads, on_workers) = (strict(&[]), strict(&["--nats", &nats.url()]));
    let output = |run: &Run| (run.text(), run.exit, run.err.clone());
    assert_eq!(output(&on_threads), output(&on_workers));
}

#[test]
fn a_run_without_workers_says_so_and_queues_enough_for_those_that_come() {
    let (bench, nats) = (Bench::new(), server());
    let mut run = bench.start(&nats.url());
    // More than the eight for one thread.
    Pool::of(&nats).wait_until("many tasks are queued", |status| {
        status.queued >= FILES as u64
    });
    assert!(run.child.try_wait().unwrap().is_none());
    let _late = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let run = run.wait();
    let notice = "no worker of the pool 'findrobots' answers: waiting for one\n";
    assert!(run.err.starts_with(notice), "{}", run.err);
    let workers = " on 2 threads of other programs\n";
    assert!(run.err.ends_with(workers), "{}", run.err);
    bench.assert_same_run(&run);
}

#[test]
fn a_comparison_shows_the_workers_beside_threads() {
    let (bench, nats) = (Bench::new(), server());
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let url = nats.url();
    let args = ["--compare", "--rounds", "1", "--warmup", "0", "--nats"];
    let args = [&args[..], &[&*url, "--glob", "*.log", "logs"]].concat();
    let run = bench.folder.run(args);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let table = run.text();
    let line = table.lines().find(|line| line.starts_with("nats")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    let files = FILES.to_string();
    assert_eq!(words[1..3], ["2", &files], "workers and tasks: {table}");
}
