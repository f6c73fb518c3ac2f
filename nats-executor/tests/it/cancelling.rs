//! Tasks that are cancelled, and the end of an executor.

use std::time::Duration;

use concurrent_futures::{DistanceError, Shutdown, TaskError};
use nats_executor::{NatsExecutor, PoolMonitor};

use crate::support::{
    PATIENCE, Server, Settings, Worker, connect, lines, options, queued, wait_until,
};
use crate::tasks::{HoldOut, Noop, WaitFor};

#[test]
fn a_queued_task_that_is_cancelled_never_runs() {
    let server = Server::start();
    let executor = connect(&server);
    let begun = server.folder().join("begun");
    let cancelled = executor
        .submit(WaitFor(begun.clone(), begun.clone()))
        .unwrap();
    let kept = executor.submit(Noop(42)).unwrap();
    let monitor = PoolMonitor::connect(&server.url(), &options()).unwrap();
    let queued = || monitor.status(Duration::from_millis(50)).unwrap().queued;
    wait_until("the server has both tasks", || queued() == 2);
    assert!(cancelled.cancel());
    assert_eq!(cancelled.result(), Err(&TaskError::Cancelled));
    wait_until("the server has one task", || queued() == 1);

    let _worker = Worker::with(&Settings {
        threads: 1,
        ..Settings::new(&server.url())
    });
    assert_eq!(kept.result(), Ok(&42));
    assert_eq!(lines(&begun), 0);
}

#[test]
fn a_running_task_cannot_be_cancelled_but_learns_of_the_shutdown() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let begun = server.folder().join("begun");
    let running = executor
        .submit(WaitFor(begun.clone(), begun.with_extension("never")))
        .unwrap();
    wait_until("the task is running", || running.running());
    assert!(!running.cancel());
    assert!(!running.done());

    assert!(executor.shutdown(Shutdown::wait().cancel_pending().within(PATIENCE)));
    assert_eq!(running.result(), Ok(&true));
    assert_eq!(lines(&begun.with_extension("cancelled")), 1);
}

#[test]
fn a_shutdown_cancels_what_no_worker_has_begun() {
    let server = Server::start();
    let executor = connect(&server);
    let futures: Vec<_> = (0..20).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(executor.shutdown(Shutdown::wait().cancel_pending().within(PATIENCE)));
    assert!(futures.iter().all(|future| future.cancelled()));
}

#[test]
fn a_shutdown_waits_no_longer_than_its_deadline() {
    let server = Server::start();
    let executor = connect(&server);
    let future = executor.submit(Noop(42)).unwrap();
    assert!(!executor.shutdown(Shutdown::wait().within(Duration::from_millis(50))));
    assert!(!executor.shutdown(Shutdown::no_wait()));
    assert!(!future.done());
    let _worker = Worker::start(&server.url());
    assert!(executor.shutdown(Shutdown::wait().within(PATIENCE)));
    assert_eq!(future.result(), Ok(&42));
}

#[test]
fn a_task_that_times_out_in_the_queue_is_withdrawn_and_never_runs() {
    let server = Server::start();
    let limit = Duration::from_millis(300);
    let executor = NatsExecutor::connect(&server.url(), options().task_timeout(limit)).unwrap();
    let begun = server.folder().join("begun");
    let timed_out = executor
        .submit(WaitFor(begun.clone(), begun.clone()))
        .unwrap();
    let error = TaskError::from(DistanceError::timed_out(limit));
    assert_eq!(timed_out.result(), Err(&error));
    wait_until("the server has no task", || queued(&server) == 0);

    let _worker = Worker::start(&server.url());
    let later = connect(&server).submit(Noop(42)).unwrap();
    assert_eq!(later.result(), Ok(&42));
    assert_eq!(lines(&begun), 0);
}

#[test]
fn a_running_task_that_times_out_is_told() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    // Long enough for the task to begin, also on a busy machine.
    let limit = Duration::from_secs(3);
    let executor = NatsExecutor::connect(&server.url(), options().task_timeout(limit)).unwrap();
    let begun = server.folder().join("begun");
    let running = executor
        .submit(WaitFor(begun.clone(), begun.with_extension("never")))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    let error = TaskError::from(DistanceError::timed_out(limit));
    assert_eq!(running.result(), Err(&error));
    wait_until("the task was told", || {
        lines(&begun.with_extension("cancelled")) == 1
    });
}

#[test]
fn a_cancelled_task_whose_worker_dies_is_over() {
    let server = Server::start();
    let settings = Settings {
        threads: 1,
        ..Settings::new(&server.url())
    };
    let executor = connect(&server);
    let mut killed = Worker::with(&settings);
    let begun = server.folder().join("begun");
    let never = server.folder().join("never");
    let stubborn = executor
        .submit(HoldOut(begun.clone(), never.clone()))
        .unwrap();
    wait_until("the task is running", || stubborn.running());
    let _other = Worker::with(&settings);
    let beside = server.folder().join("beside");
    let polite = executor.submit(WaitFor(beside.clone(), never)).unwrap();
    wait_until("the other worker has one, too", || polite.running());

    executor.shutdown(Shutdown::no_wait().cancel_pending());
    // So the other worker knows what is cancelled.
    assert_eq!(polite.result(), Ok(&true));
    killed.kill();
    assert!(executor.shutdown(Shutdown::wait().within(PATIENCE)));
    assert_eq!(stubborn.result(), Err(&TaskError::Cancelled));
    assert_eq!(lines(&begun), 1);
}
