//! Takes minutes, so `cargo test` does not run it: many tasks, and workers and a server that are killed at random. Every task must
//! have exactly one outcome, and it must be its value.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

#[path = "it/support/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod support;
#[path = "it/tasks.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod tasks;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use concurrent_futures::{ExecutorExt, MapOptions};
use nats_executor::NatsExecutor;
use support::{Server, Settings, Worker, connect, options};
use tasks::{Noop, Sleep};

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
        let (worker_kills, server_kills) = run_with_kills(&mut random);
        println!(
            "run {run}: {TASKS} tasks, {worker_kills} workers and the server {server_kills} times killed, {:.1} s",
            began.elapsed().as_secs_f64()
        );
    }
}

fn run_with_kills(random: &mut fastrand::Rng) -> (u32, u32) {
    let mut server = Server::start();
    // So many kills that a task may be started often by bad luck alone.
    let settings = Settings {
        max_starts: 50,
        ..Settings::new(&server.url())
    };
    let mut workers: Vec<_> = (0..WORKERS).map(|_| Worker::with(&settings)).collect();
    let patient = options().task_timeout(Duration::from_secs(300));
    let executor = NatsExecutor::connect(&server.url(), patient).unwrap();
    let calls: Arc<Vec<AtomicUsize>> = Arc::new((0..TASKS).map(|_| AtomicUsize::new(0)).collect());
    let mut futures = Vec::new();
    for n in 0..TASKS {
        let future = executor.submit(Sleep(n % 20)).unwrap();
        let calls = Arc::clone(&calls);
        future.add_done_callback(move |_| {
            let index = usize::try_from(n).unwrap();
            calls[index].fetch_add(1, Ordering::SeqCst);
        });
        futures.push(future);
    }
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
            workers[index] = Worker::with(&settings);
        }
    }
    for (n, future) in (0..TASKS).zip(futures) {
        assert_eq!(future.result(), Ok(&(n % 20)));
    }
    assert!(calls.iter().all(|calls| calls.load(Ordering::SeqCst) == 1));
    (worker_kills, server_kills)
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
fn the_task_of_a_killed_worker_starts_again_after_the_ack_wait() {
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
        support::wait_until("it has begun again", || support::lines(&begun) == 2);
        let after = killed.elapsed().as_secs_f64();
        println!("begun again {after:.2} s after the kill, ack wait 1 s");
        std::fs::write(go_on, "").unwrap();
        assert_eq!(future.result(), Ok(&false));
        *worker = Worker::start(&server.url());
    }
}
