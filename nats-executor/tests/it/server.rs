//! A server that is killed, full, or gone.

use std::time::Duration;

use concurrent_futures::{Bytes, DistanceError, SubmitError, TaskError};
use nats_executor::{NatsExecutor, PoolMonitor};

use crate::support::{Raw, Server, Worker, connect, lines, options, wait_until};
use crate::tasks::{Length, Noop, Sleep, WaitFor};

#[test]
fn a_server_that_is_killed_and_started_again_loses_no_task() {
    let mut server = Server::start();
    let _workers = [Worker::start(&server.url()), Worker::start(&server.url())];
    let executor = connect(&server);
    let futures: Vec<_> = (0..400)
        .map(|n| executor.submit(Sleep(n % 10)).unwrap())
        .collect();
    for round in 1..=2 {
        wait_until("some tasks are over", || {
            executor.unfinished() <= 400 - 100 * round
        });
        server.kill();
        server.restart();
    }
    for (n, future) in (0..400).zip(futures) {
        assert_eq!(future.result(), Ok(&(n % 10)));
    }
}

#[test]
fn results_that_come_while_the_server_is_gone_are_sent_when_it_is_back() {
    let mut server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    server.kill();
    std::fs::write(&go_on, "").unwrap();
    let submitted_meanwhile = executor.submit(Noop(42)).unwrap();
    server.restart();
    assert_eq!(future.result(), Ok(&false));
    assert_eq!(submitted_meanwhile.result(), Ok(&42));
}

#[test]
fn a_server_that_stays_away_is_an_error_after_a_bounded_time() {
    let mut server = Server::start();
    let limit = Duration::from_millis(800);
    let executor =
        NatsExecutor::connect(&server.url(), options().unreachable_after(limit)).unwrap();
    let sent = executor.submit(Noop(1)).unwrap();
    let worker = Worker::start(&server.url());
    assert_eq!(sent.result(), Ok(&1));
    drop(worker);
    let stored = executor.submit(Noop(2)).unwrap();
    // The server has it when it has a later task.
    let later = executor.submit(Noop(3)).unwrap();
    let worker = Worker::start(&server.url());
    assert_eq!((stored.result(), later.result()), (Ok(&2), Ok(&3)));
    drop(worker);
    server.kill();
    let unsent = executor.submit(Noop(4)).unwrap();
    let Err(TaskError::Distance(error)) = unsent.result() else {
        panic!("{unsent:?}");
    };
    // Whether the loss was noticed before the task was sent.
    let is_one_of_two = matches!(
        error,
        DistanceError::Unreachable { .. } | DistanceError::MayHaveRun { .. }
    );
    assert!(is_one_of_two, "{error}");
    wait_until("tasks are refused", || {
        let refused = executor.submit(Noop(5));
        matches!(
            refused,
            Err(SubmitError::Distance(DistanceError::Unreachable { .. }))
        )
    });

    server.restart();
    let _worker = Worker::start(&server.url());
    wait_until("tasks are accepted", || executor.submit(Noop(6)).is_ok());
    assert_eq!(executor.submit(Noop(7)).unwrap().result(), Ok(&7));
}

#[test]
fn a_task_that_the_server_had_when_it_went_away_may_have_run() {
    let mut server = Server::start();
    let limit = Duration::from_millis(500);
    let executor =
        NatsExecutor::connect(&server.url(), options().unreachable_after(limit)).unwrap();
    let _worker = Worker::start(&server.url());
    let begun = server.folder().join("begun");
    let future = executor
        .submit(WaitFor(begun.clone(), begun.with_extension("never")))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    server.kill();
    let error = future.error().unwrap();
    let may_have_run = matches!(error, TaskError::Distance(DistanceError::MayHaveRun { .. }));
    assert!(may_have_run, "{error}");
}

#[test]
fn a_server_that_has_lost_its_store_fails_the_tasks_it_had_and_takes_new_ones() {
    let mut server = Server::start();
    let executor = connect(&server);
    let worker = Worker::start(&server.url());
    let before: Vec<_> = (0..20).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(before.iter().all(|future| future.result().is_ok()));
    drop(worker);
    let lost = executor.submit(Noop(1)).unwrap();
    let monitor = PoolMonitor::connect(&server.url(), &options()).unwrap();
    wait_until("the server has the task", || {
        let status = monitor.status(Duration::from_millis(50)).unwrap();
        // It may have sent it to the worker that was there just now.
        status.queued + status.in_flight > 0
    });
    server.kill();
    server.remove_store();
    server.restart();
    let error = lost.error().unwrap();
    let may_have_run = matches!(error, TaskError::Distance(DistanceError::MayHaveRun { .. }));
    assert!(may_have_run, "{error}");
    let _worker = Worker::start(&server.url());
    assert_eq!(executor.submit(Noop(3)).unwrap().result(), Ok(&3));
}

/// Returns a task with this many bytes.
fn sized(bytes: usize) -> Length {
    Length(Bytes(vec![1; bytes]))
}

#[track_caller]
fn assert_refused(error: &TaskError, why: &str) {
    let is_refused = matches!(error, TaskError::Distance(DistanceError::Refused { .. }));
    assert!(is_refused && error.to_string().contains(why), "{error}");
}

#[test]
fn a_queue_that_is_full_of_bytes_refuses_tasks_until_there_is_room() {
    let server = Server::start();
    let limit = Duration::from_millis(1500);
    let options = options().stored_bytes(2_000_000).unreachable_after(limit);
    let executor = NatsExecutor::connect(&server.url(), options).unwrap();
    let futures: Vec<_> = (0..5)
        .map(|_| executor.submit(sized(600_000)).unwrap())
        .collect();
    wait_until("two are refused", || executor.unfinished() == 3);
    let (refused, stored): (Vec<_>, Vec<_>) = futures.iter().partition(|future| future.done());
    for future in refused {
        assert_refused(future.error().unwrap(), "maximum bytes exceeded");
    }
    let waiting = executor.submit(sized(600_000)).unwrap();
    let _worker = Worker::start(&server.url());
    assert!(stored.iter().all(|future| future.result() == Ok(&600_000)));
    assert_eq!(waiting.result(), Ok(&600_000));
}

/// There is no room for results either, until tasks time out.
#[test]
fn every_task_of_a_server_whose_store_is_full_has_an_outcome() {
    let server = Server::with_store("max_file: 3MB", "");
    let limit = Duration::from_millis(1500);
    let options = options().task_timeout(2 * limit).unreachable_after(limit);
    let executor = NatsExecutor::connect(&server.url(), options).unwrap();
    // As messages, and as objects.
    let large = executor.submit(sized(5_000_000)).unwrap();
    let small: Vec<_> = (0..8)
        .map(|_| executor.submit(sized(500_000)).unwrap())
        .collect();
    assert_refused(large.error().unwrap(), "resource");
    let _worker = Worker::start(&server.url());
    for future in small {
        match future.result() {
            Ok(length) => assert_eq!(*length, 500_000),
            Err(TaskError::Distance(DistanceError::TimedOut { .. })) => {}
            Err(error) => assert_refused(error, "resource"),
        }
    }
    wait_until("tasks have values again", || {
        let next = executor.submit(sized(500_000)).unwrap();
        next.result() == Ok(&500_000)
    });
}

#[test]
fn tasks_whose_results_the_server_never_stores_fail_with_its_reason() {
    let server = Server::start();
    let limit = Duration::from_millis(1500);
    let executor =
        NatsExecutor::connect(&server.url(), options().unreachable_after(limit)).unwrap();
    let raw = Raw::connect(&server);
    raw.refuse_results(true);
    let _worker = Worker::start(&server.url());
    let futures: Vec<_> = (0..3).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    for future in &futures {
        let error = future.error().unwrap();
        let is_known = matches!(error, TaskError::Distance(DistanceError::MayHaveRun { .. }));
        let reason =
            "its result cannot be stored: publish failed: message size exceeds maximum allowed";
        assert!(is_known && error.to_string().contains(reason), "{error}");
    }
    raw.refuse_results(false);
    assert_eq!(executor.submit(Noop(4)).unwrap().result(), Ok(&4));
}

#[test]
fn a_full_queue_makes_tasks_wait_and_then_refuses_them() {
    let server = Server::start();
    let limit = Duration::from_millis(1500);
    let options = options().stored_bound(2).unreachable_after(limit);
    let executor = NatsExecutor::connect(&server.url(), options).unwrap();
    let futures: Vec<_> = (0..3).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    wait_until("one of them is refused", || executor.unfinished() == 2);
    let refused = futures.iter().find(|future| future.done()).unwrap();
    let error = refused.error().unwrap();
    let is_refused = matches!(error, TaskError::Distance(DistanceError::Refused { .. }));
    assert!(
        is_refused && error.to_string().contains("maximum messages exceeded"),
        "{error}"
    );

    let waiting = executor.submit(Noop(3)).unwrap();
    let _worker = Worker::start(&server.url());
    assert_eq!(waiting.result(), Ok(&3));
}
