//! Runs without faults: the account of a local run.

use crate::bench::{Bench, SLOW_SITE};
use crate::machines::{Pool, Worker, server};

#[test]
fn workers_give_the_account_of_a_local_run() {
    let (bench, nats) = (Bench::new("20:status=503"), server());
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    bench.assert_same(bench.start(&nats.url()));
}

#[test]
fn a_run_without_workers_says_so_and_waits_for_one() {
    let (bench, nats) = (Bench::new("20:status=503"), server());
    let mut run = bench.start(&nats.url());
    let pool = Pool::of(&nats);
    pool.wait_until("ranges are queued", |status| status.queued > 0);
    assert!(!run.has_ended());
    // With enough ranges for several workers, which may all come late.
    pool.wait_until("all ranges are queued", |status| status.queued >= 52);
    let _late = Worker::start(&nats.url());
    bench.assert_same(run);
}

#[test]
fn workers_that_come_later_take_their_part() {
    let (bench, nats) = (Bench::new(SLOW_SITE), server());
    let _first = Worker::start(&nats.url());
    let run = bench.start(&nats.url());
    bench.wait_for_requests(20);
    let later = Worker::start(&nats.url());
    bench.assert_same(run);
    let (printed, exit) = later.end();
    assert_eq!(exit, Some(143), "{printed}");
    assert!(!printed.contains("worker: 0 ranges done"), "{printed}");
}
