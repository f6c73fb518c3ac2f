//! Tasks and callbacks that use the pool they run on.

use std::sync::Arc;
use std::sync::mpsc::channel;

use concurrent_futures::{Shutdown, ThreadPoolExecutor};

use crate::support::Gate;

#[test]
fn a_task_may_shut_its_own_pool_down() {
    let executor = Arc::new(ThreadPoolExecutor::new(1).unwrap());
    let inside = Arc::clone(&executor);
    let future = executor
        .submit(move || inside.shutdown(Shutdown::wait()))
        .unwrap();
    // It has not waited for its own worker.
    assert_eq!(future.result(), Ok(&false));
}

#[test]
fn a_callback_may_wait_for_another_task_of_its_pool() {
    let executor = Arc::new(ThreadPoolExecutor::new(2).unwrap());
    let gate = Gate::submit_to(&executor);
    let (sender, receiver) = channel();
    let inside = Arc::clone(&executor);
    gate.future.add_done_callback(move |_| {
        let answer = inside.submit(|| 7).unwrap();
        sender.send(*answer.result().unwrap()).unwrap();
    });
    gate.open();
    assert_eq!(receiver.recv().unwrap(), 7);
}

#[test]
fn an_executor_may_be_dropped_by_its_own_worker() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (give, given) = channel::<ThreadPoolExecutor>();
    let future = executor
        .submit(move || drop(given.recv().unwrap()))
        .unwrap();
    give.send(executor).unwrap();
    assert_eq!(future.result(), Ok(&()));
}
