//! Tasks and values that do not fit in a message.

use concurrent_futures::{Bytes, DistanceError, Future, TaskError};
use nats_executor::NatsExecutor;
use rustix::process::Signal;

use crate::support::{
    Admin, Proxy, Server, Settings, Worker, connect, lines, options, queued, wait_until,
};
use crate::tasks::{Large, LargeLater, Length, Noop};

const BYTES: usize = 5_000_000;

/// Submits large tasks and tasks with large values.
fn submit(executor: &NatsExecutor) -> (Vec<Future<usize>>, Vec<Future<Bytes>>) {
    let large = |_| executor.submit(Length(vec![1; BYTES].into())).unwrap();
    let tasks = (0..4).map(large).collect();
    let values = (0..4).map(|_| executor.submit(Large(BYTES)).unwrap());
    (tasks, values.collect())
}

#[track_caller]
fn check((tasks, values): (Vec<Future<usize>>, Vec<Future<Bytes>>)) {
    for task in tasks {
        assert_eq!(task.result(), Ok(&BYTES));
    }
    for value in values {
        let value = value.result().unwrap();
        assert!(value.len() == BYTES && value.iter().all(|&byte| byte == 7));
    }
}

#[test]
fn large_tasks_and_values_go_through_the_object_store() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let value = executor.submit(Large(BYTES)).unwrap();
    let task = executor.submit(Length(vec![1; BYTES].into())).unwrap();
    let small = executor.submit(Noop(42)).unwrap();
    assert_eq!(task.result(), Ok(&BYTES));
    let value = value.result().unwrap();
    assert!(value.len() == BYTES && value.iter().all(|&byte| byte == 7));
    assert_eq!(small.result(), Ok(&42));
}

#[test]
fn what_is_too_large_fails_with_its_size_and_the_limit() {
    let server = Server::start();
    let _worker = Worker::with(&Settings {
        max_bytes: 2000,
        ..Settings::new(&server.url())
    });
    let executor = NatsExecutor::connect(&server.url(), options().max_bytes(1000)).unwrap();
    let task = executor.submit(Length(vec![1; 5000].into())).unwrap();
    let value = executor.submit(Large(3000)).unwrap();
    let Err(TaskError::Distance(DistanceError::TooLarge { what, limit, .. })) = task.result()
    else {
        panic!("{task:?}");
    };
    assert_eq!((*what, *limit), ("task", 1000));
    let Err(TaskError::Distance(DistanceError::TooLarge {
        what, limit, bytes, ..
    })) = value.result()
    else {
        panic!("{value:?}");
    };
    assert_eq!((*what, *limit), ("value", 2000));
    assert!(*bytes > 3000);
}

/// Cuts the line whenever this much has passed, which is less than one of the objects.
fn cut_again_and_again(line: &Proxy) {
    for round in 1..=6 {
        wait_until("a part has passed", || {
            line.passed() >= round * BYTES as u64 * 2 / 3
        });
        line.cut();
    }
}

#[test]
fn a_line_of_the_executor_that_breaks_in_the_middle_of_large_values_loses_none() {
    let server = Server::start();
    let line = Proxy::start(server.port());
    let _worker = Worker::start(&server.url());
    let executor = NatsExecutor::connect(&line.url(), options()).unwrap();
    let submitted = submit(&executor);
    cut_again_and_again(&line);
    check(submitted);
}

#[test]
fn a_line_of_the_worker_that_breaks_in_the_middle_of_large_tasks_loses_none() {
    let server = Server::start();
    let line = Proxy::start(server.port());
    let _worker = Worker::start(&line.url());
    let executor = connect(&server);
    let submitted = submit(&executor);
    cut_again_and_again(&line);
    check(submitted);
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_large_values_loses_none() {
    let mut server = Server::start();
    // It counts what passes to and from the worker.
    let line = Proxy::start(server.port());
    let _worker = Worker::start(&line.url());
    let executor = connect(&server);
    let submitted = submit(&executor);
    for round in 1..=2 {
        wait_until("a part has passed", || {
            line.passed() >= round * BYTES as u64 * 3 / 2
        });
        server.kill();
        server.restart();
    }
    check(submitted);
}

#[test]
fn two_runs_of_a_task_with_a_large_value_do_not_replace_each_others_value() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let stopped = Worker::start(&server.url());
    let executor = connect(&server);
    let begun = server.folder().join("begun");
    let task = || LargeLater(begun.clone(), server.folder().to_owned(), BYTES);
    let future = executor.submit(task()).unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    stopped.signal(Signal::STOP);
    let other = Worker::start(&server.url());
    wait_until("the task has begun again", || lines(&begun) == 2);
    stopped.signal(Signal::CONT);
    for worker in [&other, &stopped] {
        let go_on = server.folder().join(worker.id().to_string());
        std::fs::write(go_on, "").unwrap();
    }
    assert_eq!(future.result().unwrap().len(), BYTES);
    // The value that is not used is removed as well.
    wait_until("no value is left", || admin.object_bytes() < BYTES as u64);
}

#[test]
fn a_task_whose_object_claims_to_be_huge_is_refused_and_does_not_end_the_worker() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let executor = connect(&server);
    let task = executor.submit(Length(vec![1; BYTES].into())).unwrap();
    wait_until("the server has the task", || queued(&server) == 1);
    admin.declare_object_sizes(1 << 50);
    let _worker = Worker::start(&server.url());
    let Err(TaskError::Distance(DistanceError::TooLarge { what, bytes, .. })) = task.result()
    else {
        panic!("{task:?}");
    };
    assert_eq!((*what, *bytes), ("task", 1 << 50));
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
}

#[test]
fn a_task_whose_object_is_gone_fails() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let executor = connect(&server);
    let task = executor.submit(Length(vec![1; BYTES].into())).unwrap();
    wait_until("the server has the task", || queued(&server) == 1);
    admin.remove_objects();
    let _worker = Worker::start(&server.url());
    let error = task.error().unwrap();
    let may_have_run = matches!(error, TaskError::Distance(DistanceError::MayHaveRun { .. }));
    assert!(may_have_run, "{error}");
}
