//! Scopes, whose tasks may borrow, and the bound on the queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use concurrent_futures::{
    BuildError, Shutdown, SubmitError, TaskError, ThreadPoolExecutor, as_completed,
};

use crate::support::{Gate, still_waits};

/// How long a test watches a thread that must stay blocked.
const A_MOMENT: Duration = Duration::from_millis(50);

#[test]
fn a_scope_waits_for_tasks_that_borrow() {
    let words = vec![String::from("one"), String::from("three")];
    let finished = AtomicUsize::new(0);
    let lengths = ThreadPoolExecutor::builder()
        .max_workers(2)
        .scope(|executor| {
            for _ in 0..50 {
                let task = || finished.fetch_add(1, Ordering::SeqCst);
                drop(executor.submit(task).unwrap());
            }
            let lengths = executor.map_fn(|word: &String| word.len(), &words).unwrap();
            lengths.map(Result::unwrap).collect::<Vec<_>>()
        });
    assert_eq!(finished.into_inner(), 50);
    assert_eq!(lengths.unwrap(), [3, 5]);
}

#[test]
fn results_of_a_scope_may_borrow_and_be_waited_for_in_any_way() {
    let words = ["one", "three", "seventeen"].map(String::from);
    let longest = ThreadPoolExecutor::scope(|executor| {
        let futures = words
            .iter()
            .map(|word| executor.submit(move || word.as_str()));
        let futures: Vec<_> = futures.map(Result::unwrap).collect();
        let done = as_completed(futures).map(|future| *future.result().unwrap());
        done.max_by_key(|word| word.len())
    });
    assert_eq!(longest, Some("seventeen"));
}

#[test]
fn a_scope_whose_body_panics_still_waits() {
    let finished = AtomicUsize::new(0);
    let scope = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ThreadPoolExecutor::scope(|executor| {
            for _ in 0..20 {
                let task = || finished.fetch_add(1, Ordering::SeqCst);
                drop(executor.submit(task).unwrap());
            }
            panic!("on purpose");
        })
    }));
    assert!(scope.is_err());
    assert_eq!(finished.into_inner(), 20);
}

#[test]
fn a_panic_in_a_scope_fails_only_its_task() {
    ThreadPoolExecutor::scope(|executor| {
        let bad = executor.submit(|| -> i32 { panic!("on purpose") }).unwrap();
        assert!(matches!(bad.error(), Some(TaskError::Panicked { .. })));
        assert_eq!(executor.submit(|| 42).unwrap().result(), Ok(&42));
        executor.shutdown(Shutdown::wait());
        assert!(matches!(executor.submit(|| 42), Err(SubmitError::ShutDown)));
    });
}

#[test]
fn a_scope_that_cannot_be_built_is_not_entered() {
    let scope = ThreadPoolExecutor::builder().max_workers(0).scope(|_| ());
    assert!(matches!(scope, Err(BuildError::NoWorkers)));
}

#[test]
fn a_queue_bound_of_zero_is_refused() {
    let error = ThreadPoolExecutor::builder().queue_bound(0).build();
    assert_eq!(
        error.unwrap_err().to_string(),
        "queue_bound must be at least 1"
    );
}

/// Returns a pool with room for one task in its queue, and the gate that blocks its only worker.
fn narrow_pool() -> (Arc<ThreadPoolExecutor>, Gate) {
    let builder = ThreadPoolExecutor::builder().max_workers(1).queue_bound(1);
    let executor = builder.build().expect("one worker");
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    (Arc::new(executor), gate)
}

#[test]
fn submitting_to_a_full_queue_waits_for_room() {
    let (executor, gate) = narrow_pool();
    let _fills_the_queue = executor.submit(|| 0).unwrap();
    let (sender, receiver) = channel();
    let submits = Arc::clone(&executor);
    let submitter = thread::spawn(move || {
        let future = submits.submit(|| 1).unwrap();
        sender.send(()).unwrap();
        future
    });
    assert!(still_waits(&receiver, A_MOMENT), "the gate is closed");
    gate.open();
    receiver.recv().unwrap();
    assert_eq!(submitter.join().unwrap().result(), Ok(&1));
}

#[test]
fn a_submit_that_waits_for_room_fails_at_once_on_shutdown() {
    for how in [Shutdown::no_wait(), Shutdown::no_wait().cancel_pending()] {
        let (executor, gate) = narrow_pool();
        let queued = executor.submit(|| 0).unwrap();
        let submits = Arc::clone(&executor);
        let (sender, receiver) = channel();
        thread::spawn(move || sender.send(submits.submit(|| 1).map(drop)));
        assert!(still_waits(&receiver, A_MOMENT), "the gate is closed");
        executor.shutdown(how);
        // The gate still blocks the only worker.
        let refused = receiver.recv().unwrap();
        assert!(matches!(refused, Err(SubmitError::ShutDown)));
        assert_eq!(queued.cancelled(), how.cancels_pending());
        gate.open();
    }
}

#[test]
fn a_worker_does_not_wait_for_room_in_its_own_queue() {
    let builder = ThreadPoolExecutor::builder().max_workers(1).queue_bound(1);
    let executor = Arc::new(builder.build().unwrap());
    let inside = Arc::clone(&executor);
    let task = move || {
        let first = inside.submit(|| 1).map(drop);
        let second = inside.submit(|| 2).map(drop);
        (first.is_ok(), matches!(second, Err(SubmitError::QueueFull)))
    };
    assert_eq!(executor.submit(task).unwrap().result(), Ok(&(true, true)));
}

#[test]
fn thousands_of_tasks_from_many_threads_pass_through_a_bounded_queue() {
    let builder = ThreadPoolExecutor::builder().max_workers(3).queue_bound(2);
    let executor = builder.build().unwrap();
    let sum = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let results = executor.map_fn(|n| n, 0..1000).unwrap();
                *sum.lock().unwrap() += results.map(Result::unwrap).sum::<i32>();
            });
        }
    });
    assert_eq!(sum.into_inner().unwrap(), 4 * 499_500);
}
