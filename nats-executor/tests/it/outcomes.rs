//! Tasks and results that disappear, and handles that do: each task has one outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use concurrent_futures::{DistanceError, Future, TaskError};
use nats_executor::NatsExecutor;

use crate::support::{
    Admin, PATIENCE, Proxy, RESULTS, Server, TASKS, Worker, connect, options, wait_until,
};
use crate::tasks::{Noop, Sleep};

#[track_caller]
fn assert_may_have_run<T: Send + Sync + 'static + std::fmt::Debug>(future: &Future<T>, why: &str) {
    let error = future.error().unwrap();
    let may_have_run = matches!(error, TaskError::Distance(DistanceError::MayHaveRun { .. }));
    assert!(may_have_run && error.to_string().contains(why), "{error}");
}

#[test]
fn the_last_handle_may_be_dropped_in_a_callback() {
    let server = Server::start();
    let executor = Arc::new(connect(&server));
    let first = executor.submit(Noop(0)).unwrap();
    let others: Vec<_> = (1..50)
        .map(|n| executor.submit(Sleep(n % 3)).unwrap())
        .collect();
    let (sender, settled) = mpsc::channel();
    for future in &others {
        let sender = sender.clone();
        future.add_done_callback(move |future| {
            sender.send(future.result().is_ok()).unwrap();
        });
    }
    drop(sender);
    let (hand_over, last) = mpsc::channel::<Arc<NatsExecutor>>();
    first.add_done_callback(move |_| drop(last.recv().unwrap()));
    hand_over.send(executor).unwrap();
    let _worker = Worker::start(&server.url());
    for _ in &others {
        assert_eq!(settled.recv_timeout(PATIENCE), Ok(true));
    }
    assert_eq!(
        settled.recv_timeout(PATIENCE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn a_queue_that_was_deleted_and_made_anew_fails_the_tasks_that_were_in_it() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let executor = connect(&server);
    let lost = executor.submit(Noop(1)).unwrap();
    wait_until("the server has the task", || admin.messages(TASKS) == 1);
    admin.delete_stream(TASKS);
    // More tasks than the first queue had.
    let other = connect(&server);
    let others: Vec<_> = (0..5).map(|n| other.submit(Noop(n)).unwrap()).collect();
    wait_until("the server has the others", || admin.messages(TASKS) == 5);
    assert_may_have_run(&lost, "lost its stream of tasks");
    let _worker = Worker::start(&server.url());
    assert!(others.iter().all(|future| future.result().is_ok()));
    assert_eq!(executor.submit(Noop(2)).unwrap().result(), Ok(&2));
}

/// Starts an executor that is cut off while its task is run. Returns it with the future and its line.
fn cut_off(
    server: &Server,
    admin: &Admin,
    result_age: Duration,
) -> (NatsExecutor, Future<u64>, Proxy) {
    let line = Proxy::start(server.port());
    let options = options().result_age(result_age);
    let executor = NatsExecutor::connect(&line.url(), options).unwrap();
    let future = executor.submit(Noop(42)).unwrap();
    wait_until("the server has the task", || admin.messages(TASKS) == 1);
    line.refuse(true);
    line.cut();
    (executor, future, line)
}

#[test]
fn a_result_that_was_kept_for_too_short_a_time_is_an_error_that_says_so() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let (executor, future, line) = cut_off(&server, &admin, Duration::from_secs(1));
    let _worker = Worker::start(&server.url());
    wait_until("the task is over", || admin.messages(TASKS) == 0);
    wait_until("its result is too old", || admin.messages(RESULTS) == 0);
    line.refuse(false);
    assert_may_have_run(&future, "which it keeps for 1s");
    assert_eq!(executor.submit(Noop(2)).unwrap().result(), Ok(&2));
}

#[test]
fn results_that_were_deleted_with_their_stream_are_an_error() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let (executor, future, line) = cut_off(&server, &admin, Duration::from_secs(60));
    let _worker = Worker::start(&server.url());
    wait_until("the result is there", || admin.messages(RESULTS) == 1);
    wait_until("the task is over", || admin.messages(TASKS) == 0);
    admin.delete_stream(RESULTS);
    line.refuse(false);
    assert_may_have_run(&future, "lost its stream of results");
    assert_eq!(executor.submit(Noop(2)).unwrap().result(), Ok(&2));
}

#[test]
fn a_result_that_is_kept_for_long_enough_is_read_after_the_cut() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let (_executor, future, line) = cut_off(&server, &admin, Duration::from_secs(60));
    let _worker = Worker::start(&server.url());
    wait_until("the task is over", || admin.messages(TASKS) == 0);
    line.refuse(false);
    assert_eq!(future.result(), Ok(&42));
}

#[test]
fn results_whose_stream_is_deleted_while_they_are_read_are_not_waited_for() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    let before: Vec<_> = (0..20).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(before.iter().all(|future| future.result().is_ok()));
    admin.delete_stream(RESULTS);
    // Their results go to the new stream, whose numbers begin again.
    let after: Vec<_> = (0..5).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    for (future, n) in after.iter().zip(0..) {
        match future.result() {
            Ok(&value) => assert_eq!(value, n),
            Err(_) => assert_may_have_run(future, "the server has"),
        }
    }
    let next = executor.submit(Noop(7)).unwrap();
    assert_eq!(next.result(), Ok(&7));
}

/// The server confirms and runs tasks, but does not answer what it has.
#[test]
fn deadlines_pass_while_the_server_does_not_answer_questions() {
    let user = |permissions| {
        format!("authorization {{ users = [{{user: u, password: p {permissions} }}] }}")
    };
    let mut server = Server::with(&user(""));
    let url = format!("nats://u:p@127.0.0.1:{}", server.port());
    let options = options().task_timeout(Duration::from_millis(100));
    let executor = NatsExecutor::connect(&url, options).unwrap();
    server.kill();
    server.restart_with(&user(", permissions: {publish: {deny: \"$JS.API.>\"}}"));
    let passed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..20 {
                let future = executor.submit(Noop(n)).unwrap();
                let error = future.error().unwrap().to_string();
                assert!(error.contains("no outcome within 100ms"), "{error}");
                passed.fetch_add(1, Ordering::SeqCst);
            }
        });
        wait_until("twenty deadlines have passed", || {
            passed.load(Ordering::SeqCst) == 20
        });
    });
}

#[test]
fn results_that_may_not_be_read_any_more_are_an_error_after_a_bounded_time() {
    let user = |permissions| {
        format!("authorization {{ users = [{{user: u, password: p {permissions} }}] }}")
    };
    let mut server = Server::with(&user(""));
    let url = format!("nats://u:p@127.0.0.1:{}", server.port());
    let options = options().unreachable_after(Duration::from_secs(1));
    let executor = NatsExecutor::connect(&url, options).unwrap();
    let future = executor.submit(Noop(1)).unwrap();
    server.kill();
    server.restart_with(&user(
        ", permissions: {publish: {deny: \"$JS.API.CONSUMER.CREATE.>\"}}",
    ));
    let _worker = Worker::start(&url);
    assert_may_have_run(&future, "the results cannot be read");
    server.kill();
    server.restart_with(&user(""));
    wait_until("tasks are accepted", || executor.submit(Noop(2)).is_ok());
    assert_eq!(executor.submit(Noop(3)).unwrap().result(), Ok(&3));
}

#[test]
fn a_server_that_never_answers_questions_again_is_unreachable() {
    let user = |permissions| {
        format!("authorization {{ users = [{{user: u, password: p {permissions} }}] }}")
    };
    let mut server = Server::with(&user(""));
    let url = format!("nats://u:p@127.0.0.1:{}", server.port());
    let options = options().unreachable_after(Duration::from_secs(1));
    let executor = NatsExecutor::connect(&url, options).unwrap();
    let future = executor.submit(Noop(1)).unwrap();
    server.kill();
    server.restart_with(&user(", permissions: {publish: {deny: \"$JS.API.>\"}}"));
    let error = future.error().unwrap();
    let is_distance = matches!(
        error,
        TaskError::Distance(DistanceError::MayHaveRun { .. } | DistanceError::Unreachable { .. })
    );
    assert!(is_distance, "{error}");
    wait_until("tasks are refused", || executor.submit(Noop(2)).is_err());
    server.kill();
    server.restart_with(&user(""));
    let _worker = Worker::start(&url);
    wait_until("tasks are accepted", || executor.submit(Noop(2)).is_ok());
    assert_eq!(executor.submit(Noop(3)).unwrap().result(), Ok(&3));
}
