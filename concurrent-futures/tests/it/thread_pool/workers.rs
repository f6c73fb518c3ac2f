//! Which thread runs a task, how many threads there are, and what a worker does before its first task.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;

use concurrent_futures::{BuildError, Shutdown, TaskError, ThreadPoolExecutor};

use crate::support::busy_pool;

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

// In Python a call has arguments. Here the closure captures them.
#[test]
fn submit_runs_the_call_and_the_future_gives_its_value() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let words = ["a".to_owned(), "b".to_owned()];
    let future = executor.submit(move || words.concat()).unwrap();
    assert_eq!(future.result().unwrap(), "ab");
    assert_eq!(future.result().unwrap(), "ab");
}

#[test]
fn a_pool_without_workers_is_refused() {
    let error = ThreadPoolExecutor::new(0).unwrap_err();
    assert!(matches!(error, BuildError::NoWorkers));
    assert_eq!(error.to_string(), "max_workers must be at least 1");
}

#[test]
fn an_invalid_thread_name_is_refused() {
    let builder = ThreadPoolExecutor::builder().thread_name_prefix("a\0b");
    let error = builder.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a thread's name cannot contain NUL: \"a\\0b\""
    );
}

#[test]
fn there_are_never_more_threads_than_the_limit() {
    let executor = ThreadPoolExecutor::new(3).unwrap();
    let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Three tasks at a time meet at the barrier, so three run at once; a fourth would raise the peak.
    let all_three = Arc::new(Barrier::new(3));
    let futures: Vec<_> = (0..45)
        .map(|_| {
            let (running, peak, all_three) = (running.clone(), peak.clone(), all_three.clone());
            let task = move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
                all_three.wait();
                running.fetch_sub(1, Ordering::SeqCst);
                thread_name()
            };
            executor.submit(task).unwrap()
        })
        .collect();
    let names: HashSet<_> = futures
        .iter()
        .map(|future| future.result().unwrap())
        .collect();
    assert_eq!(names.len(), 3);
    assert_eq!(peak.load(Ordering::SeqCst), 3);
}

#[test]
fn an_idle_worker_is_used_again_before_another_is_started() {
    let executor = ThreadPoolExecutor::builder()
        .max_workers(100)
        .thread_name_prefix("idle")
        .build()
        .unwrap();
    for _ in 0..1000 {
        let name = executor.submit(thread_name).unwrap();
        assert_eq!(name.result().unwrap(), "idle_0");
    }
}

#[test]
fn default_names_differ_between_pools() {
    let names: HashSet<_> = (0..3)
        .map(|_| {
            let executor = ThreadPoolExecutor::new(1).unwrap();
            executor
                .submit(thread_name)
                .unwrap()
                .result()
                .unwrap()
                .clone()
        })
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("pool-") && name.ends_with("_0"))
    );
}

#[test]
fn the_initializer_runs_once_in_each_worker_before_its_first_task() {
    thread_local!(static READY: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(2)
        .initializer(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            READY.set(READY.get() + 1);
        })
        .build()
        .unwrap();
    assert_eq!(
        runs.load(Ordering::SeqCst),
        0,
        "workers start when a task is submitted"
    );
    let both = Arc::new(Barrier::new(2));
    let futures: Vec<_> = (0..10)
        .map(|_| {
            let both = Arc::clone(&both);
            let task = move || {
                both.wait();
                READY.get()
            };
            executor.submit(task).unwrap()
        })
        .collect();
    assert!(futures.iter().all(|future| future.result() == Ok(&1)));
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn a_task_whose_future_is_dropped_still_runs_and_drops_its_captures() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let captured = Arc::new(());
    let (sender, receiver) = channel();
    let task_captured = Arc::clone(&captured);
    let task = move || {
        let _captured = task_captured;
        sender.send(()).unwrap();
    };
    drop(executor.submit(task).unwrap());
    receiver.recv().unwrap();
    executor.submit(|| ()).unwrap().result().unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
}

// A small closure lies beside its future, a large one does not.
#[test]
fn a_closure_of_any_size_runs_or_is_cancelled_and_drops_what_it_captured() {
    fn test<const SIZE: usize>() {
        let (executor, gate) = busy_pool();
        let captured = Arc::new(());
        let submit = || {
            let captured = (Arc::clone(&captured), [1u8; SIZE]);
            executor.submit(move || captured.1.len()).unwrap()
        };
        let (runs, cancelled) = (submit(), submit());
        assert!(cancelled.cancel());
        gate.open();
        assert_eq!(runs.result(), Ok(&SIZE));
        executor.shutdown(Shutdown::wait());
        assert_eq!(cancelled.result(), Err(&TaskError::Cancelled));
        assert_eq!(Arc::strong_count(&captured), 1);
    }
    test::<1>();
    test::<100_000>();
}
