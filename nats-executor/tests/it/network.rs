//! Lines that are slow, stall or break.

use std::time::Duration;

use concurrent_futures::{DistanceError, ExecutorExt, TaskError};
use nats_executor::NatsExecutor;

use crate::support::{Proxy, Server, Worker, lines, options, wait_until};
use crate::tasks::{Noop, Sleep, WaitFor};

#[test]
fn a_line_with_200_ms_of_latency_only_takes_longer() {
    let server = Server::start();
    let (ours, theirs) = (Proxy::start(server.port()), Proxy::start(server.port()));
    ours.delay(Duration::from_millis(100));
    theirs.delay(Duration::from_millis(100));
    let _worker = Worker::start(&theirs.url());
    let executor = NatsExecutor::connect(&ours.url(), options()).unwrap();
    let sum: u64 = executor
        .map((0..200).map(Noop))
        .unwrap()
        .map(Result::unwrap)
        .sum();
    assert_eq!(sum, 19_900);
}

#[test]
fn a_slow_line_that_stalls_and_is_cut_loses_no_result() {
    let server = Server::start();
    let (ours, theirs) = (Proxy::start(server.port()), Proxy::start(server.port()));
    for line in [&ours, &theirs] {
        line.delay(Duration::from_millis(100));
    }
    let _worker = Worker::start(&theirs.url());
    let executor = NatsExecutor::connect(&ours.url(), options()).unwrap();
    let futures: Vec<_> = (0..200)
        .map(|n| executor.submit(Sleep(n % 5)).unwrap())
        .collect();
    let mut left = 200;
    for (line, stalls) in [
        (&ours, true),
        (&theirs, true),
        (&ours, false),
        (&theirs, false),
    ] {
        left -= 30;
        wait_until("some results are there", || executor.unfinished() <= left);
        line.stall(stalls);
        line.cut();
        line.stall(false);
    }
    for (n, future) in (0..200).zip(futures) {
        assert_eq!(future.result(), Ok(&(n % 5)));
    }
}

#[test]
fn a_line_of_the_executor_that_breaks_again_and_again_loses_no_result() {
    let server = Server::start();
    let line = Proxy::start(server.port());
    let _workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    let executor = NatsExecutor::connect(&line.url(), options()).unwrap();
    let futures: Vec<_> = (0..300)
        .map(|n| executor.submit(Sleep(n % 7)).unwrap())
        .collect();
    for round in 1..=5 {
        wait_until("some results are there", || {
            executor.unfinished() <= 300 - 50 * round
        });
        line.cut();
    }
    for (n, future) in (0..300).zip(futures) {
        assert_eq!(future.result(), Ok(&(n % 7)));
    }
}

#[test]
fn a_worker_behind_a_line_that_stalls_is_replaced_and_comes_back() {
    let server = Server::start();
    let line = Proxy::start(server.port());
    let _far = Worker::start(&line.url());
    let executor = NatsExecutor::connect(&server.url(), options()).unwrap();
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    line.stall(true);
    let near = Worker::start(&server.url());
    wait_until("the task has begun again", || lines(&begun) == 2);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
    line.stall(false);
    drop(near);
    // The far worker has sent its own result of the task meanwhile, which does no harm.
    let sum: u64 = executor
        .map((0..100).map(Noop))
        .unwrap()
        .map(Result::unwrap)
        .sum();
    assert_eq!(sum, 4950);
}

#[test]
fn an_executor_behind_a_line_that_stalls_for_too_long_gives_up_and_recovers() {
    let server = Server::start();
    let line = Proxy::start(server.port());
    let options = options().unreachable_after(Duration::from_secs(1));
    let executor = NatsExecutor::connect(&line.url(), options).unwrap();
    let future = executor.submit(Noop(1)).unwrap();
    line.stall(true);
    line.refuse(true);
    line.cut();
    let Err(TaskError::Distance(error)) = future.result() else {
        panic!("{future:?}");
    };
    let is_one_of_two = matches!(
        error,
        DistanceError::Unreachable { .. } | DistanceError::MayHaveRun { .. }
    );
    assert!(is_one_of_two, "{error}");
    wait_until("tasks are refused", || executor.submit(Noop(2)).is_err());
    line.stall(false);
    line.refuse(false);
    let _worker = Worker::start(&server.url());
    wait_until("tasks are accepted", || executor.submit(Noop(2)).is_ok());
    assert_eq!(executor.submit(Noop(3)).unwrap().result(), Ok(&3));
}
