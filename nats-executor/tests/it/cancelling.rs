//! Tasks that are cancelled, and the end of an executor.

use std::time::Duration;

use concurrent_futures::{DistanceError, Shutdown, TaskError};
use nats_executor::{NatsExecutor, PoolMonitor};

use crate::support::{PATIENCE, Server, Settings, Worker, connect, lines, options, wait_until};
use crate::tasks::{Noop, WaitFor};

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
fn a_task_that_takes_too_long_is_withdrawn() {
    let server = Server::start();
    let limit = Duration::from_millis(300);
    let executor = NatsExecutor::connect(&server.url(), options().task_timeout(limit)).unwrap();
    let begun = server.folder().join("begun");
    let queued = executor.submit(Noop(1)).unwrap();
    let timed_out = TaskError::from(DistanceError::timed_out(limit));
    assert_eq!(queued.result(), Err(&timed_out));

    let _worker = Worker::start(&server.url());
    let running = executor
        .submit(WaitFor(begun.clone(), begun.with_extension("never")))
        .unwrap();
    assert_eq!(running.result(), Err(&timed_out));
    // It is only told, if it had begun in time.
    if lines(&begun) > 0 {
        wait_until("the task was told", || {
            lines(&begun.with_extension("cancelled")) == 1
        });
    }
}
