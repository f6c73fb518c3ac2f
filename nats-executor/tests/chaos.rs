//! Takes minutes, so `cargo test` does not run it: many tasks, and workers and a server that are killed at random. Every task must
//! have run, and its outcome must be its value. A task that counted as lost would fail the test: the workers have the usual bound.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

#[path = "it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the other tests")]
mod support;
#[path = "it/tasks.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod tasks;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use concurrent_futures::{ExecutorExt, MapOptions};
use nats_executor::NatsExecutor;
use support::{Server, Worker, connect, options, status};
use tasks::{Noop, Record};

/// Not a test: a worker, if a test has started this program as one.
#[test]
fn worker_process() {
    support::work();
}

const RUNS: u32 = 20;
const TASKS: u64 = 1000;
const WORKERS: usize = 3;

#[test]
fn runs_with_random_kills_of_workers_and_server_lose_nothing() {
    for run in 0..RUNS {
        let mut random = fastrand::Rng::with_seed(u64::from(run));
        let began = Instant::now();
        let kills = run_with_kills(&mut random);
        let seconds = began.elapsed().as_secs_f64();
        println!("run {run}: {TASKS} tasks, {kills}, {seconds:.1} s");
    }
}

/// Returns what was killed, in words.
fn run_with_kills(random: &mut fastrand::Rng) -> String {
    let mut server = Server::start();
    let start = |server: &Server| Worker::start(&server.url());
    let mut workers: Vec<_> = (0..WORKERS).map(|_| start(&server)).collect();
    let patient = options().task_timeout(Duration::from_secs(300));
    let executor = NatsExecutor::connect(&server.url(), patient).unwrap();
    let ran = server.folder().join("ran");
    let submit = |n| executor.submit(Record(n, n % 20, ran.clone())).unwrap();
    let futures: Vec<_> = (0..TASKS).map(submit).collect();
    let (mut worker_kills, mut server_kills) = (0, 0);
    while executor.unfinished() > 0 {
        std::thread::sleep(Duration::from_millis(random.u64(50..600)));
        if random.u32(0..4) == 0 {
            server.kill();
            server_kills += 1;
            std::thread::sleep(Duration::from_millis(random.u64(0..500)));
            server.restart();
        } else {
            let index = random.usize(0..WORKERS);
            workers[index].kill();
            worker_kills += 1;
            workers[index] = start(&server);
        }
    }
    for (n, future) in (0..TASKS).zip(futures) {
        assert_eq!(future.result(), Ok(&n));
    }
    let ran = std::fs::read_to_string(ran).unwrap();
    let ran: Vec<u64> = ran.lines().map(|line| line.parse().unwrap()).collect();
    let once: BTreeSet<_> = ran.iter().copied().collect();
    assert!(once.into_iter().eq(0..TASKS));
    // Nothing is left that would run again.
    support::wait_until("the queue is empty", || {
        let status = status(&server);
        (status.queued, status.in_flight) == (0, 0)
    });
    let again = ran.len() as u64 - TASKS;
    format!(
        "{worker_kills} workers and the server {server_kills} times killed, {again} tasks ended twice"
    )
}

#[test]
fn a_hundred_thousand_tasks_have_a_hundred_thousand_results() {
    let server = Server::start();
    let _workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    let executor = connect(&server);
    let buffered = MapOptions::new().buffered(5000);
    let results = executor.map_with(buffered, (0..100_000).map(Noop)).unwrap();
    for (n, result) in (0..).zip(results) {
        assert_eq!(result.unwrap(), n);
    }
}

#[test]
fn the_task_of_a_killed_worker_starts_again_once_and_after_one_ack_wait() {
    let server = Server::start();
    let executor = connect(&server);
    let mut workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    for round in 0..10 {
        let begun = server.folder().join(format!("begun {round}"));
        let go_on = begun.with_extension("go on");
        let task = tasks::WaitFor(begun.clone(), go_on.clone());
        let future = executor.submit(task).unwrap();
        support::wait_until("the task has begun", || support::lines(&begun) == 1);
        let id = std::fs::read_to_string(&begun).unwrap();
        let id: u32 = id.trim().parse().unwrap();
        let worker = workers.iter_mut().find(|worker| worker.id() == id).unwrap();
        worker.kill();
        let killed = Instant::now();
        support::wait_until("it has begun again", || support::lines(&begun) > 1);
        println!(
            "begun again {:.2} s after the kill, ack wait 1 s",
            killed.elapsed().as_secs_f64()
        );
        // Any copy of it has begun when a later task is done.
        assert_eq!(executor.submit(Noop(round)).unwrap().result(), Ok(&round));
        assert_eq!(support::lines(&begun), 2, "it was started twice");
        std::fs::write(go_on, "").unwrap();
        assert_eq!(future.result(), Ok(&false));
        *worker = Worker::start(&server.url());
    }
}
