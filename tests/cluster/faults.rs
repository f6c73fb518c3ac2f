//! Workers, servers and lines that fail in the middle of a run.

use std::time::Duration;

use crate::bench::{Bench, SLOW_SITE};
use crate::machines::{Pool, Proxy, Worker, server};

/// The number of requests after which something fails.
const SOME: u64 = 100;

#[test]
fn a_killed_worker_costs_time_and_no_line() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let mut first = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    bench.wait_for_requests(SOME);
    first.kill();
    let _next = Worker::start(&nats.url());
    bench.assert_same(run);
}

#[test]
fn a_run_whose_workers_are_gone_says_so_and_goes_on_with_the_next() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let mut only = Worker::start(&nats.url());
    let mut run = bench.start(&nats.url());
    bench.wait_for_requests(SOME);
    only.kill();
    let notice = "no worker of the pool 'flags' answers any more: waiting for one";
    assert_eq!(run.error_line(), notice);
    let _next = Worker::start(&nats.url());
    bench.assert_same(run);
}

#[test]
fn a_worker_that_is_stopped_for_longer_than_the_ack_wait_and_continued_counts_no_line_twice() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let stopped = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    bench.wait_for_requests(SOME);
    let pool = Pool::of(&nats);
    pool.strike(|fails| stopped.stop(fails));
    let _other = Worker::start(&nats.url());
    pool.wait_until("its range is delivered again", |status| {
        status.redelivered > 0
    });
    stopped.stop(false);
    bench.assert_same(run);
    pool.wait_until_idle(2);
    bench.assert_files();
}

#[test]
fn a_server_that_is_killed_and_started_again_with_its_store_loses_no_line() {
    let (bench, mut nats) = (Bench::new(SLOW_SITE), server());
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let run = bench.start(&nats.url());
    for requests in [SOME, 2 * SOME] {
        bench.wait_for_requests(requests);
        nats.kill();
        nats.restart();
    }
    bench.assert_same(run);
    Pool::of(&nats).wait_until_idle(2);
    bench.assert_files();
}

#[test]
fn a_partition_between_a_worker_and_the_server_heals() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let line = Proxy::start(nats.port());
    let apart = Worker::start(&line.url());
    let run = bench.start(&nats.url());
    bench.wait_for_requests(SOME);
    let pool = Pool::of(&nats);
    pool.strike(|fails| {
        line.refuse(fails);
        line.cut();
    });
    apart.wait_for("the connection is lost");
    let _other = Worker::start(&nats.url());
    pool.wait_until("its range is delivered again", |status| {
        status.redelivered > 0
    });
    line.refuse(false);
    bench.assert_same(run);
    pool.wait_until_idle(2);
    bench.assert_files();
}

#[test]
fn a_partition_between_the_run_and_the_server_heals() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let line = Proxy::start(nats.port());
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let mut run = bench.start(&line.url());
    bench.wait_for_requests(SOME);
    line.refuse(true);
    line.cut();
    // All results come meanwhile.
    let pool = Pool::of(&nats);
    pool.wait_until("the queue is empty", |status| {
        status.queued + status.in_flight == 0
    });
    assert!(!run.has_ended());
    line.refuse(false);
    bench.assert_same(run);
}

#[test]
fn a_slow_line_only_takes_longer() {
    let (bench, nats) = (Bench::new("20:status=503"), server());
    let (to_worker, to_run) = (Proxy::start(nats.port()), Proxy::start(nats.port()));
    for line in [&to_worker, &to_run] {
        line.delay(Duration::from_millis(200));
    }
    let _workers = [Worker::start(&to_worker.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start(&to_run.url()));
}

#[test]
fn lines_that_stall_lose_nothing() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let (to_worker, to_run) = (Proxy::start(nats.port()), Proxy::start(nats.port()));
    let _stalled = Worker::start(&to_worker.url());
    let run = bench.start(&to_run.url());
    bench.wait_for_requests(SOME);
    let pool = Pool::of(&nats);
    pool.strike(|fails| {
        for line in [&to_worker, &to_run] {
            line.stall(fails);
        }
    });
    let _other = Worker::start(&nats.url());
    pool.wait_until(
        "a range of the stalled worker is delivered again",
        |status| status.redelivered > 0,
    );
    for line in [&to_worker, &to_run] {
        line.stall(false);
    }
    bench.assert_same(run);
    pool.wait_until_idle(2);
    bench.assert_files();
}

#[test]
fn lines_that_are_cut_again_and_again_lose_nothing() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let (to_worker, to_run) = (Proxy::start(nats.port()), Proxy::start(nats.port()));
    let _workers = [Worker::start(&to_worker.url()), Worker::start(&nats.url())];
    let run = bench.start(&to_run.url());
    for cut in 1..6 {
        bench.wait_for_requests(cut * SOME / 2);
        to_run.cut();
        to_worker.cut();
    }
    bench.assert_same(run);
    Pool::of(&nats).wait_until_idle(2);
    bench.assert_files();
}

#[test]
fn a_slow_worker_beside_fast_ones_holds_up_nothing_but_its_own_ranges() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let slow = Worker::start(&nats.url());
    let slowed = slow.slowed();
    let _fast = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start(&nats.url()));
    drop(slowed);
    Pool::of(&nats).wait_until_idle(3);
    bench.assert_files();
}
