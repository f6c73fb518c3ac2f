//! Tasks that are delivered more than once, and those that are given back.

use std::path::PathBuf;
use std::time::Duration;

use concurrent_futures::{DistanceError, TaskError};
use nats_executor::NatsExecutor;
use rustix::process::Signal;

use crate::support::{
    Admin, Server, Settings, Worker, connect, in_flight, lines, options, status, wait_until,
};
use crate::tasks::{Noop, Sleep, WaitFor};

#[test]
fn the_tasks_of_a_killed_worker_start_again_beside_each_other() {
    const THREADS: usize = 4;
    let server = Server::start();
    let settings = Settings {
        threads: THREADS,
        ..Settings::new(&server.url())
    };
    let mut killed = Worker::with(&settings);
    let executor = connect(&server);
    let go_on = server.folder().join("go on");
    let begun = (0..THREADS).map(|n| server.folder().join(format!("begun {n}")));
    let begun: Vec<_> = begun.collect();
    let submit = |begun: &PathBuf| executor.submit(WaitFor(begun.clone(), go_on.clone()));
    let futures: Vec<_> = begun.iter().map(|begun| submit(begun).unwrap()).collect();
    let all_have = |n| begun.iter().all(|begun| lines(begun) == n);
    wait_until("all tasks have begun", || all_have(1));
    killed.kill();
    let _other = Worker::with(&settings);
    wait_until("all tasks have begun again", || all_have(2));
    std::fs::write(&go_on, "").unwrap();
    assert!(futures.iter().all(|future| future.result() == Ok(&false)));
}

#[test]
fn a_task_that_only_waited_in_a_killed_worker_counts_as_never_started() {
    let server = Server::start();
    let settings = Settings {
        threads: 1,
        max_starts: 1,
        ..Settings::new(&server.url())
    };
    let mut killed = Worker::with(&settings);
    let executor = connect(&server);
    // The worker knows that tasks are short, and takes many at a time.
    let before: Vec<_> = (0..50).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(before.iter().all(|future| future.result().is_ok()));
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let first = executor.submit(WaitFor(begun.clone(), go_on.clone()));
    let first = first.unwrap();
    wait_until("the first has begun", || first.running());
    let waiting: Vec<_> = (0..20).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    wait_until("they wait behind it", || in_flight(&server) == 21);
    killed.kill();
    let _other = Worker::with(&settings);
    for (n, future) in (0..).zip(waiting) {
        assert_eq!(future.result(), Ok(&n));
    }
    let Err(TaskError::Distance(DistanceError::Lost { starts, .. })) = first.result() else {
        panic!("{first:?}");
    };
    assert_eq!((*starts, lines(&begun)), (1, 1));
}

#[test]
fn a_task_that_the_server_delivers_to_its_worker_as_if_for_the_first_time_does_not_run_twice() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    Admin::connect(&server).deliver_all_again();
    wait_until("it was delivered again", || in_flight(&server) == 1);
    // The worker has seen that delivery when it has done a later task.
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
    assert_eq!(lines(&begun), 1);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
    wait_until("no task is left", || in_flight(&server) == 0);
    assert_eq!((status(&server).queued, lines(&begun)), (0, 1));
}

#[test]
fn a_worker_that_was_out_of_reach_goes_on_with_its_task_when_it_is_delivered_again() {
    let server = Server::start();
    let worker = Worker::start(&server.url());
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    worker.signal(Signal::STOP);
    // Longer than the ack wait: the time of a task of another pool.
    let clock = Settings {
        pool: "clock".to_owned(),
        ..Settings::new(&server.url())
    };
    let _clock = Worker::with(&clock);
    let clock = NatsExecutor::connect(&server.url(), options().pool("clock")).unwrap();
    assert_eq!(clock.submit(Sleep(1500)).unwrap().result(), Ok(&1500));
    worker.signal(Signal::CONT);
    wait_until("it is delivered again", || status(&server).redelivered > 0);
    // The worker has seen that delivery when it has done a later task.
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
    assert_eq!(lines(&begun), 1);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
}

#[test]
fn a_killed_server_that_has_forgotten_what_is_done_is_told_again() {
    let mut server = Server::start();
    let worker = Worker::start(&server.url());
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let first = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the first has begun", || lines(&begun) == 1);
    let submit = |n| executor.submit(Noop(n)).unwrap();
    let done: Vec<_> = (0..300).map(submit).collect();
    assert!(done.iter().all(|future| future.result().is_ok()));
    // Meanwhile it writes down what was acknowledged, but not yet what it has removed behind the first.
    assert_eq!(executor.submit(Sleep(300)).unwrap().result(), Ok(&300));
    drop(worker);
    server.kill();
    server.restart();
    let _other = Worker::start(&server.url());
    wait_until("only the first is left", || {
        let status = status(&server);
        (status.queued, status.in_flight) == (0, 1)
    });
    std::fs::write(go_on, "").unwrap();
    assert_eq!(first.result(), Ok(&false));
    wait_until("the queue is empty", || in_flight(&server) == 0);
}

/// Returns an executor with which no task is delivered again as long as a test waits.
fn patient(server: &Server) -> NatsExecutor {
    let options = options().ack_wait(Duration::from_secs(120));
    NatsExecutor::connect(&server.url(), options).unwrap()
}

#[test]
fn a_worker_that_is_asked_to_end_finishes_what_it_has_begun() {
    let server = Server::start();
    let mut worker = Worker::with(&Settings {
        threads: 1,
        ..Settings::new(&server.url())
    });
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let running = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    let queued = executor.submit(Noop(42)).unwrap();
    worker.signal(Signal::TERM);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(running.result(), Ok(&false));
    assert!(worker.wait().success());
    assert_eq!(lines(&begun), 1);
    assert!(!queued.done());
    let _next = Worker::start(&server.url());
    assert_eq!(queued.result(), Ok(&42));
}

#[test]
fn a_worker_that_is_asked_to_end_gives_back_what_waits_behind_a_running_task() {
    let server = Server::start();
    let executor = patient(&server);
    let settings = Settings {
        threads: 1,
        ..Settings::new(&server.url())
    };
    let mut worker = Worker::with(&settings);
    let before: Vec<_> = (0..50).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(before.iter().all(|future| future.result().is_ok()));
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let running = executor.submit(WaitFor(begun.clone(), go_on.clone()));
    let running = running.unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    let waiting: Vec<_> = (0..20).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    wait_until("they wait behind it", || in_flight(&server) == 21);
    worker.signal(Signal::TERM);
    let _next = Worker::with(&settings);
    for (n, future) in (0..).zip(waiting) {
        assert_eq!(future.result(), Ok(&n));
    }
    assert!(!worker.has_ended() && !running.done());
    std::fs::write(go_on, "").unwrap();
    assert_eq!(running.result(), Ok(&false));
    assert!(worker.wait().success());
}

#[test]
fn a_worker_that_is_asked_to_end_gives_back_what_is_still_on_its_way() {
    let server = Server::start();
    let executor = patient(&server);
    let settings = Settings {
        threads: 8,
        ..Settings::new(&server.url())
    };
    let mut worker = Worker::with(&settings);
    assert_eq!(executor.submit(Noop(0)).unwrap().result(), Ok(&0));
    // The request for the next tasks is on the server when the worker answers.
    wait_until("the worker answers", || status(&server).workers.len() == 1);
    worker.signal(Signal::STOP);
    let futures: Vec<_> = (0..8).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    wait_until("the server has sent them", || in_flight(&server) > 0);
    worker.signal(Signal::TERM);
    worker.signal(Signal::CONT);
    assert!(worker.wait().success());
    let _next = Worker::with(&settings);
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result(), Ok(&n));
    }
}
