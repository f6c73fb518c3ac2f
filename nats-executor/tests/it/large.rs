//! Tasks and values that do not fit in a message.

use concurrent_futures::{DistanceError, TaskError};
use nats_executor::NatsExecutor;

use crate::support::{Server, Settings, Worker, connect, options};
use crate::tasks::{Large, Length, Noop};

#[test]
fn large_tasks_and_values_go_through_the_object_store() {
    let server = Server::start();
    let _worker = Worker::start(&server.url());
    let executor = connect(&server);
    const BYTES: usize = 5_000_000;
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
