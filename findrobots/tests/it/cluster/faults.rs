//! Workers, servers and lines that fail in the middle of a run.

use std::time::Duration;

use crate::cluster::bench::{Bench, wait_for_the_middle};
use crate::cluster::machines::{Pool, Proxy, Worker, server};

/// Waits until another worker has done all tasks, also those that were delivered to the one that fails.
#[track_caller]
fn wait_for_the_others(pool: &Pool) {
    pool.wait_until("all tasks are done", |status| {
        status.queued + status.in_flight == 0
    });
}

#[test]
fn a_killed_worker_costs_time_and_no_file() {
    let (bench, nats) = (Bench::new(), server());
    let mut first = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    let pool = Pool::of(&nats);
    wait_for_the_middle(&pool);
    pool.strike(|fails| first.stop(fails));
    first.kill();
    let _next = Worker::start(&nats.url());
    bench.assert_same(run);
}

#[test]
fn a_worker_that_is_stopped_for_longer_than_the_ack_wait_and_continued_counts_no_file_twice() {
    let (bench, nats) = (Bench::new(), server());
    let stopped = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    let pool = Pool::of(&nats);
    wait_for_the_middle(&pool);
    pool.strike(|fails| stopped.stop(fails));
    let _other = Worker::start(&nats.url());
    wait_for_the_others(&pool);
    stopped.stop(false);
    bench.assert_same(run);
}

#[test]
fn a_server_that_is_killed_and_started_again_with_its_store_loses_no_file() {
    let (bench, mut nats) = (Bench::new(), server());
    let workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let run = bench.start(&nats.url());
    wait_for_the_middle(&Pool::of(&nats));
    nats.kill();
    for worker in &workers {
        worker.wait_for("the connection is lost");
    }
    nats.restart();
    bench.assert_same(run);
}

#[test]
fn a_partition_between_a_worker_and_the_server_heals() {
    let (bench, nats) = (Bench::new(), server());
    let line = Proxy::start(nats.port());
    let apart = Worker::start(&line.url());
    let run = bench.start(&nats.url());
    let pool = Pool::of(&nats);
    wait_for_the_middle(&pool);
    pool.strike(|fails| {
        line.refuse(fails);
        line.cut();
    });
    apart.wait_for("the connection is lost");
    let _other = Worker::start(&nats.url());
    wait_for_the_others(&pool);
    line.refuse(false);
    bench.assert_same(run);
}

#[test]
fn a_partition_between_the_run_and_the_server_heals() {
    let (bench, nats) = (Bench::new(), server());
    let line = Proxy::start(nats.port());
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let mut run = bench.start(&line.url());
    let pool = Pool::of(&nats);
    wait_for_the_middle(&pool);
    line.refuse(true);
    line.cut();
    // All results come meanwhile.
    pool.wait_until("the queue is empty", |status| {
        status.queued + status.in_flight == 0
    });
    assert!(run.child.try_wait().unwrap().is_none());
    line.refuse(false);
    bench.assert_same(run);
}

#[test]
fn a_slow_line_only_takes_longer() {
    let (bench, nats) = (Bench::new(), server());
    let (to_worker, to_run) = (Proxy::start(nats.port()), Proxy::start(nats.port()));
    for line in [&to_worker, &to_run] {
        line.delay(Duration::from_millis(200));
    }
    let _workers = [Worker::start(&to_worker.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start(&to_run.url()));
}

#[test]
fn files_that_are_sent_over_a_slow_line_only_take_longer() {
    let (bench, nats) = (Bench::new(), server());
    let line = Proxy::start(nats.port());
    line.delay(Duration::from_millis(200));
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start_with(["--via-object-store", "--nats", &line.url()]));
}

#[test]
fn lines_that_stall_lose_nothing() {
    let (bench, nats) = (Bench::new(), server());
    let (to_worker, to_run) = (Proxy::start(nats.port()), Proxy::start(nats.port()));
    let _stalled = Worker::start(&to_worker.url());
    let run = bench.start(&to_run.url());
    let pool = Pool::of(&nats);
    wait_for_the_middle(&pool);
    pool.strike(|fails| {
        for line in [&to_worker, &to_run] {
            line.stall(fails);
        }
    });
    let _other = Worker::start(&nats.url());
    wait_for_the_others(&pool);
    for line in [&to_worker, &to_run] {
        line.stall(false);
    }
    bench.assert_same(run);
}

#[test]
fn lines_that_are_cut_again_and_again_lose_nothing() {
    let (bench, nats) = (Bench::new(), server());
    let (to_worker, to_run) = (Proxy::start(nats.port()), Proxy::start(nats.port()));
    let _workers = [Worker::start(&to_worker.url()), Worker::start(&nats.url())];
    let run = bench.start(&to_run.url());
    let pool = Pool::of(&nats);
    for done in [3, 10, 20, 30] {
        pool.wait_until("some tasks are done", |status| status.finished >= done);
        to_run.cut();
        to_worker.cut();
    }
    bench.assert_same(run);
}

#[test]
fn a_slow_worker_beside_fast_ones_holds_up_nothing_but_its_own_tasks() {
    let (bench, nats) = (Bench::new(), server());
    let slow = Worker::start(&nats.url());
    let slowed = slow.slowed();
    let _fast = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start(&nats.url()));
    drop(slowed);
}
