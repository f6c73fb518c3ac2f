//! Captures, results and panic payloads that panic when they are dropped.

use std::sync::mpsc::channel;
use std::thread;

use concurrent_futures::{Shutdown, TaskError, ThreadPoolExecutor};

use crate::support::Gate;

/// A value that panics when it is dropped, unless the thread is already panicking.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("on purpose, in a drop");
        }
    }
}

/// Returns whether the pool's one worker still runs tasks.
fn still_works(executor: &ThreadPoolExecutor) -> bool {
    let future = executor.submit(|| 42);
    future.is_ok_and(|future| future.result() == Ok(&42))
}

#[test]
fn a_cancelled_task_whose_capture_panics_when_dropped_does_not_stop_the_worker() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let panics_on_drop = PanicsOnDrop;
    let future = executor
        .submit(move || std::mem::forget(panics_on_drop))
        .unwrap();
    assert!(future.cancel());
    gate.open();
    assert!(still_works(&executor));
}

#[test]
fn a_panic_payload_that_panics_when_dropped_fails_only_its_task() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let future = executor
        .submit(|| -> i32 { std::panic::panic_any(PanicsOnDrop) })
        .unwrap();
    assert!(
        matches!(future.result(), Err(TaskError::Panicked { .. })),
        "{future:?}"
    );
    future.add_done_callback(|_| std::panic::panic_any(PanicsOnDrop));
    assert!(still_works(&executor));
}

#[test]
fn a_discarded_result_that_panics_when_dropped_does_not_stop_the_worker() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    drop(executor.submit(|| PanicsOnDrop).unwrap());
    assert!(still_works(&executor));
}

#[test]
fn cancelling_the_queue_continues_after_a_capture_panics_when_dropped() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let panics_on_drop = PanicsOnDrop;
    let first = executor
        .submit(move || std::mem::forget(panics_on_drop))
        .unwrap();
    let (sender, receiver) = channel();
    first.add_done_callback(move |_| sender.send(()).unwrap());
    let second = executor.submit(|| ()).unwrap();
    executor.shutdown(Shutdown::no_wait().cancel_pending());
    assert!(first.cancelled() && second.cancelled());
    receiver.try_recv().unwrap();
    gate.open();
}
