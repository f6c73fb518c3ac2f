//! What is left on the server of tasks that are not wanted any more.

use concurrent_futures::{Bytes, Shutdown, SubmitError};
use futures_util::FutureExt as _;
use nats_executor::NatsExecutor;

use crate::support::{
    Admin, OBJECTS, PATIENCE, Server, TASKS, Worker, connect, options, wait_until,
};
use crate::tasks::{Length, Noop};

/// What the server keeps of an object that was deleted, and of its bucket, is smaller.
const NOTHING: u64 = 10_000;

const LARGE: usize = 3_000_000;

fn large() -> Length {
    Length(Bytes(vec![1; LARGE]))
}

#[test]
fn a_large_task_that_is_cancelled_leaves_no_object() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let executor = connect(&server);
    let future = executor.submit(large()).unwrap();
    wait_until("the server has the task", || admin.messages(TASKS) == 1);
    assert!(admin.bytes(OBJECTS) > 3_000_000);
    assert!(future.cancel());
    wait_until("the object is gone", || admin.bytes(OBJECTS) < NOTHING);
    assert_eq!(admin.messages(TASKS), 0);
}

#[test]
fn a_large_task_that_the_server_refuses_leaves_no_object() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let limit = std::time::Duration::from_millis(500);
    let options = options().stored_bound(1).unreachable_after(limit);
    let executor = NatsExecutor::connect(&server.url(), options).unwrap();
    let _queued = executor.submit(Noop(1)).unwrap();
    wait_until("the server has a task", || admin.messages(TASKS) == 1);
    let refused = executor.submit(large()).unwrap();
    assert!(
        refused
            .error()
            .unwrap()
            .to_string()
            .contains("maximum messages exceeded")
    );
    wait_until("the object is gone", || admin.bytes(OBJECTS) < NOTHING);
    executor.shutdown(Shutdown::no_wait().cancel_pending());
}

#[test]
fn an_executor_that_ends_has_removed_all_tasks_that_were_cancelled() {
    let server = Server::start();
    let admin = Admin::connect(&server);
    let executor = connect(&server);
    for n in 0..500 {
        drop(executor.submit(Noop(n)).unwrap());
    }
    drop(executor.submit(large()).unwrap());
    assert!(executor.shutdown(Shutdown::wait().cancel_pending().within(PATIENCE)));
    drop(executor);
    assert_eq!(admin.messages(TASKS), 0);
    assert!(admin.bytes(OBJECTS) < NOTHING);
}

#[test]
fn the_bytes_of_tasks_that_are_not_sent_are_bounded() {
    let mut server = Server::start();
    let options = options().unsent_bound(1 << 20);
    let executor = NatsExecutor::connect(&server.url(), options).unwrap();
    server.kill();
    let bytes = |n| Length(Bytes(vec![1; n]));
    let first = executor.submit(bytes(900_000)).unwrap();
    // The second does not fit beside the first, and is not submitted when its future is dropped.
    assert!(
        executor
            .submit_async(bytes(900_000))
            .now_or_never()
            .is_none()
    );
    assert_eq!(executor.unfinished(), 1);
    let small = executor.submit(bytes(1000)).unwrap();
    server.restart();
    let _worker = Worker::start(&server.url());
    let second = executor.submit(bytes(900_000)).unwrap();
    // Larger than all room.
    let third = executor.submit(bytes(LARGE)).unwrap();
    assert_eq!(first.result(), Ok(&900_000));
    assert_eq!(second.result(), Ok(&900_000));
    assert_eq!(third.result(), Ok(&LARGE));
    assert_eq!(small.result(), Ok(&1000));
}

#[test]
fn a_wait_for_room_ends_when_the_server_is_unreachable() {
    let mut server = Server::start();
    let limit = std::time::Duration::from_secs(1);
    let options = options().unsent_bound(2 << 20).unreachable_after(limit);
    let executor = NatsExecutor::connect(&server.url(), options).unwrap();
    server.kill();
    // More than are sent at a time.
    let futures: Vec<_> = (0..2048)
        .map(|_| executor.submit(Length(Bytes(vec![1; 900]))).unwrap())
        .collect();
    // Refused, or accepted just before.
    if let Ok(future) = executor.submit(Length(Bytes(vec![1; 900]))) {
        assert!(future.result().is_err());
    }
    assert!(futures.iter().all(|future| future.result().is_err()));
}

#[test]
fn a_wait_for_room_ends_with_the_shutdown() {
    let server = Server::start();
    let executor = NatsExecutor::connect(&server.url(), options().queue_bound(1)).unwrap();
    let queued = executor.submit(Noop(1)).unwrap();
    let mut waiting = Box::pin(executor.submit_async(Noop(2)));
    assert!((&mut waiting).now_or_never().is_none());
    executor.shutdown(Shutdown::no_wait().cancel_pending());
    let refused = waiting.now_or_never().unwrap();
    assert!(matches!(refused, Err(SubmitError::ShutDown)));
    assert!(queued.cancelled());
}
