//! Shutdown and drop: which tasks still run, which are cancelled, and what a shutdown waits for.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use concurrent_futures::{Future, Shutdown, SubmitError, ThreadPoolExecutor, current};

use crate::support::{Gate, busy_pool, still_waits};

#[test]
fn submitting_cancelling_at_once_and_shutting_down_does_not_hang() {
    for _ in 0..500 {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        let future = executor.submit(|| 42).unwrap();
        future.cancel();
        executor.shutdown(Shutdown::wait());
        assert!(future.done());
    }
}

#[test]
fn threads_end_by_themselves_after_a_shutdown_that_does_not_wait() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let (sender, receiver) = channel::<()>();
    thread_local!(static HELD: std::cell::RefCell<Option<std::sync::mpsc::Sender<()>>> = const {
        std::cell::RefCell::new(None)
    });
    let task = move || HELD.set(Some(sender));
    executor.submit(task).unwrap().result().unwrap();
    executor.shutdown(Shutdown::no_wait());
    // What the thread holds is dropped when it ends.
    assert!(receiver.recv().is_err());
}

#[test]
fn shutdown_lets_queued_tasks_finish_and_may_be_repeated() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    let queued: Vec<_> = (0..50)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    executor.shutdown(Shutdown::no_wait());
    assert!(matches!(executor.submit(|| ()), Err(SubmitError::ShutDown)));
    assert!(!queued[0].done());

    assert_eq!(gate.open().result(), Ok(&42));
    executor.shutdown(Shutdown::wait());
    executor.shutdown(Shutdown::wait().cancel_pending());
    assert!(
        queued
            .iter()
            .enumerate()
            .all(|(n, future)| future.result() == Ok(&n))
    );
}

#[test]
fn shutdown_can_cancel_tasks_that_have_not_started() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let queued: Vec<_> = (0..50)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    executor.shutdown(Shutdown::no_wait().cancel_pending());
    assert!(queued.iter().all(Future::cancelled));

    let running = gate.open();
    executor.shutdown(Shutdown::wait());
    assert_eq!(running.result(), Ok(&42));
}

#[test]
fn callbacks_of_a_cancelled_queue_see_every_task_cancelled() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let first = executor.submit(|| 1).unwrap();
    let second = executor.submit(|| 2).unwrap();
    let (sender, receiver) = channel();
    first.add_done_callback(move |_| sender.send(second.result().is_err()).unwrap());
    executor.shutdown(Shutdown::no_wait().cancel_pending());
    assert!(receiver.recv().unwrap());
    gate.open();
}

#[test]
fn a_second_shutdown_waits_as_long_as_the_first() {
    // Repeated so that a second shutdown that does not wait is noticed: each round gives it time to return.
    for _ in 0..50 {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let gate = Gate::submit_to(&executor);
        gate.wait_until_running();
        let (returns, returned) = channel();
        thread::scope(|scope| {
            let (start_sender, started) = channel();
            for _ in 0..2 {
                let (start_sender, returns, executor) =
                    (start_sender.clone(), returns.clone(), &executor);
                scope.spawn(move || {
                    start_sender.send(()).unwrap();
                    executor.shutdown(Shutdown::wait());
                    returns.send(()).unwrap();
                });
            }
            (0..2).for_each(|_| started.recv().unwrap());
            assert!(
                still_waits(&returned, Duration::from_millis(2)),
                "the gate of the task that both wait for is closed"
            );
            gate.open();
        });
        assert_eq!(returned.try_iter().count(), 2);
    }
}

#[test]
fn dropping_the_executor_waits_for_its_tasks() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let futures: Vec<_> = (0..50)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    drop(executor);
    assert!(futures.iter().all(Future::done));
}

#[test]
fn a_shutdown_with_a_deadline_returns_false_while_tasks_run() {
    let (executor, gate) = busy_pool();
    let queued = executor.submit(|| 1).unwrap();
    assert!(!executor.shutdown(Shutdown::wait().within(Duration::from_millis(1))));
    assert!(!executor.shutdown(Shutdown::no_wait()));
    assert!(matches!(executor.submit(|| 2), Err(SubmitError::ShutDown)));
    gate.open();
    assert!(executor.shutdown(Shutdown::wait().within(Duration::from_secs(60))));
    assert!(executor.shutdown(Shutdown::no_wait()));
    assert_eq!(queued.result(), Ok(&1));
}

#[test]
fn a_running_task_learns_from_its_executor_that_it_may_stop() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let (report, reported) = channel();
    let running = executor.submit(move || {
        report.send(current().is_cancelled()).unwrap();
        while !current().is_cancelled() {
            thread::yield_now();
        }
    });
    assert!(!reported.recv().unwrap());
    executor.shutdown(Shutdown::wait().cancel_pending());
    assert!(running.unwrap().result().is_ok());
    assert!(!current().is_cancelled());
}
