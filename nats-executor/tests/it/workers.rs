//! Workers that are killed, stopped or slow, and what the server refuses them.

use std::path::PathBuf;

use concurrent_futures::{DistanceError, ExecutorExt, TaskError};
use rustix::process::Signal;

use crate::support::{
    Admin, Server, Settings, Worker, connect, lines, lines_with, status, wait_until,
};
use crate::tasks::{Kill, KillOnce, Noop, Sleep, WaitFor};

/// Returns the ids of the processes that noted themselves in the file.
fn ids(begun: &PathBuf) -> Vec<u32> {
    let text = std::fs::read_to_string(begun).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn the_task_of_a_killed_worker_is_done_by_another_one() {
    let server = Server::start();
    let mut killed = Worker::start(&server.url());
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    killed.kill();
    let other = Worker::start(&server.url());
    wait_until("the task has begun again", || lines(&begun) == 2);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
    assert_eq!(ids(&begun), [killed.id(), other.id()]);
}

#[test]
fn the_result_of_a_worker_that_was_stopped_and_continued_does_not_count_twice() {
    let server = Server::start();
    let stopped = Worker::start(&server.url());
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    stopped.signal(Signal::STOP);
    let _other = Worker::start(&server.url());
    wait_until("the task has begun again", || lines(&begun) == 2);
    stopped.signal(Signal::CONT);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
    // Both workers go on, and nothing is left of the task that ran twice.
    let sum: u64 = executor
        .map((0..100).map(Noop))
        .unwrap()
        .map(Result::unwrap)
        .sum();
    assert_eq!(sum, 4950);
    // A moment after the last value is there.
    wait_until("no task is left", || executor.unfinished() == 0);
}

#[test]
fn a_long_task_is_not_given_to_another_worker() {
    let server = Server::start();
    let _workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let long = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    // One after the other, they take four times the ack wait.
    for _ in 0..4 {
        let sleep = executor.submit(Sleep(1000)).unwrap();
        assert_eq!(sleep.result(), Ok(&1000));
    }
    assert_eq!(status(&server).redelivered, 0);
    assert_eq!(lines(&begun), 1);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(long.result(), Ok(&false));
}

#[test]
fn a_task_that_is_stuck_is_given_to_another_worker_after_the_run_limit() {
    let server = Server::start();
    let _workers = [0, 1].map(|_| {
        Worker::with(&Settings {
            run_limit_ms: Some(500),
            ..Settings::new(&server.url())
        })
    });
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun again", || lines(&begun) == 2);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
}

#[test]
fn a_task_that_kills_its_worker_once_is_done_by_the_next() {
    let server = Server::start();
    let _workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    let executor = connect(&server);
    let begun = server.folder().join("begun");
    let future = executor.submit(KillOnce(begun.clone())).unwrap();
    assert_eq!(future.result(), Ok(&42));
    assert_eq!(lines(&begun), 2);
}

#[test]
fn a_task_that_kills_every_worker_fails_and_no_other_task_with_it() {
    let server = Server::start();
    let settings = Settings {
        threads: 1,
        max_starts: 3,
        ..Settings::new(&server.url())
    };
    let start = || Worker::with(&settings);
    let executor = connect(&server);
    // The workers know that these tasks are short, and take many at a time.
    let mut worker = start();
    let before: Vec<_> = (0..50).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(before.iter().all(|future| future.result().is_ok()));
    let begun = server.folder().join("begun");
    let deadly = executor.submit(Kill(begun.clone())).unwrap();
    let others: Vec<_> = (0..50).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    wait_until("all tasks are over", || {
        if worker.has_ended() {
            worker = start();
        }
        executor.unfinished() == 0
    });
    let Err(TaskError::Distance(DistanceError::Lost { starts, .. })) = deadly.result() else {
        panic!("{deadly:?}");
    };
    // The first one is counted only if it took some milliseconds.
    assert_eq!(*starts, 3);
    assert!((3..=4).contains(&lines(&begun)), "{}", lines(&begun));
    assert!(
        others
            .iter()
            .zip(0..)
            .all(|(future, n)| future.result() == Ok(&n))
    );
}

#[test]
fn a_result_that_the_server_refuses_is_reported_and_stored_later() {
    let server = Server::start();
    let log = server.folder().join("worker.log");
    let _worker = Worker::with(&Settings {
        log: Some(log.clone()),
        ..Settings::new(&server.url())
    });
    let executor = connect(&server);
    let admin = Admin::connect(&server);
    assert_eq!(executor.submit(Noop(1)).unwrap().result(), Ok(&1));
    admin.refuse_results(true);
    let second = executor.submit(Noop(2)).unwrap();
    let reports = || lines_with(&log, "its result cannot be stored");
    wait_until("the worker reports it", || !reports().is_empty());
    let report = &reports()[0];
    assert!(report.contains("message size exceeds"), "{report}");
    admin.refuse_results(false);
    assert_eq!(second.result(), Ok(&2));
}

#[test]
fn a_slow_worker_holds_up_no_task_that_a_fast_one_could_do() {
    let server = Server::start();
    let slow = Worker::with(&Settings {
        threads: 1,
        ..Settings::new(&server.url())
    });
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let long = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the slow worker is busy", || ids(&begun) == [slow.id()]);
    let others: Vec<_> = (0..50).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    let _fast = Worker::start(&server.url());
    assert!(others.iter().all(|future| future.result().is_ok()));
    assert!(!long.done());
    std::fs::write(go_on, "").unwrap();
    assert_eq!(long.result(), Ok(&false));
    assert_eq!(ids(&begun), [slow.id()]);
}
