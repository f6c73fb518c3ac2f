//! Tests of the public API of the thread pool: which thread runs a task, how many there are, shutdown and failure.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use concurrent_futures::{
    BrokenError, BuildError, Future, Shutdown, SubmitError, TaskError, ThreadPoolExecutor,
    as_completed,
};

#[cfg(target_os = "linux")]
use crate::counts::{descriptors, threads};
use crate::support::{Gate, still_waits};

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

#[test]
fn a_panic_fails_only_its_task() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let plain = executor
        .submit(|| -> i32 { panic!("no such flag") })
        .unwrap();
    let formatted = executor
        .submit(|| -> i32 { panic!("{} flags", 3) })
        .unwrap();
    let typed = executor
        .submit(|| -> i32 { std::panic::panic_any(7) })
        .unwrap();
    let after = executor.submit(|| 42).unwrap();

    let message = |future: &Future<i32>| match future.result() {
        Err(TaskError::Panicked { message, .. }) => message.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(message(&plain), "no such flag");
    assert_eq!(message(&formatted), "3 flags");
    assert_eq!(message(&typed), "a panic without a message");
    assert_eq!(
        plain.result().unwrap_err().to_string(),
        "the task panicked: no such flag"
    );
    assert_eq!(after.result(), Ok(&42));
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
fn an_initializer_that_panics_breaks_the_pool_and_fails_every_task() {
    let (sender, receiver) = channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(2)
        .initializer(move || {
            let _ = receiver.lock().unwrap().recv();
            panic!("no licence")
        })
        .build()
        .unwrap();
    let futures: Vec<_> = (0..10)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    drop(sender);

    for future in &futures {
        let Err(TaskError::Broken(BrokenError::Initializer { message, .. })) = future.result()
        else {
            panic!("{future:?}");
        };
        assert_eq!(message, "no licence");
    }
    let refused = executor.submit(|| 42).unwrap_err();
    assert!(
        matches!(
            refused,
            SubmitError::Broken(BrokenError::Initializer { .. })
        ),
        "{refused:?}"
    );
    executor.shutdown(Shutdown::wait());
}

#[test]
fn an_initializer_that_returns_an_error_breaks_the_pool_as_well() {
    let builder = ThreadPoolExecutor::builder().try_initializer(|| Err("no licence"));
    let executor = builder.build().unwrap();
    let future = executor.submit(|| 42).unwrap();
    let broken = future.error().unwrap();
    assert_eq!(
        broken.to_string(),
        "the task did not finish: the pool's initializer failed: no licence"
    );
    let refused = executor.submit(|| 42).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the pool is broken: the pool's initializer failed: no licence"
    );
    drop(executor);
}

#[test]
fn the_error_of_a_task_is_the_source_of_its_failure() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let good = executor.try_submit(|| "42".parse::<i32>()).unwrap();
    let bad = executor.try_submit(|| "4x".parse::<i32>()).unwrap();
    assert_eq!(good.result(), Ok(&42));
    let error = bad.error().unwrap();
    assert_eq!(
        error.to_string(),
        "the task failed: invalid digit found in string"
    );
    let TaskError::Failed(cause) = error else {
        panic!("{error:?}");
    };
    assert!(cause.is::<std::num::ParseIntError>(), "{cause}");
    assert_eq!(error, &error.clone());
    assert_ne!(error, &TaskError::failed("4x"));
}

/// Returns whether backtraces are enabled, for a test that runs itself again in a program of its own where they are: the hook
/// is for a whole program.
fn backtraces_are_enabled(test: &str) -> bool {
    const ENABLED: &str = "CONCURRENT_FUTURES_TEST_BACKTRACE";
    if std::env::var_os(ENABLED).is_some() {
        return true;
    }
    let name = format!("thread_pool::{test}");
    let mut again = std::process::Command::new(std::env::current_exe().expect("found"));
    again.args(["--exact", &name]).env(ENABLED, "1");
    let output = again.env("RUST_BACKTRACE", "1").output();
    let output = output.expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
    false
}

/// The message of the panic of a task, and its backtrace.
fn panic_of(future: &Future<()>) -> (&str, Option<&str>) {
    match future.error() {
        Some(TaskError::Panicked {
            message, backtrace, ..
        }) => (message, backtrace.as_deref()),
        _ => panic!("{future:?}"),
    }
}

#[test]
fn a_panic_carries_a_backtrace_if_backtraces_are_enabled() {
    if !backtraces_are_enabled("a_panic_carries_a_backtrace_if_backtraces_are_enabled") {
        return;
    }
    let executor = ThreadPoolExecutor::new(1).unwrap();
    // One that is caught in the task is not the one the task ends with.
    let task = || {
        let _ = std::panic::catch_unwind(|| panic!("caught"));
        function_that_panics();
    };
    let future = executor.submit(task).unwrap();
    let (_, backtrace) = panic_of(&future);
    assert!(backtrace.unwrap().contains("function_that_panics"));

    // One that is caught and resumed is the same panic.
    let task = || {
        let caught = std::panic::catch_unwind(function_that_panics).unwrap_err();
        std::panic::resume_unwind(caught);
    };
    let future = executor.submit(task).unwrap();
    let (message, backtrace) = panic_of(&future);
    assert_eq!(message, "on purpose");
    assert!(backtrace.unwrap().contains("function_that_panics"));
}

#[test]
fn a_panic_caught_earlier_does_not_lend_its_backtrace_to_a_later_one() {
    if !backtraces_are_enabled("a_panic_caught_earlier_does_not_lend_its_backtrace_to_a_later_one")
    {
        return;
    }
    // Such a panic does not call the hook, so it has no backtrace of its own.
    fn resume() {
        std::panic::resume_unwind(Box::new("resumed"));
    }
    let executor = ThreadPoolExecutor::new(1).unwrap();

    let task = || drop(std::panic::catch_unwind(function_that_panics));
    executor.submit(task).unwrap().result().unwrap();
    let future = executor.submit(resume).unwrap();
    assert_eq!(panic_of(&future), ("resumed", None), "after another task");

    let task = || {
        let _ = std::panic::catch_unwind(function_that_panics);
        resume();
    };
    let future = executor.submit(task).unwrap();
    assert_eq!(panic_of(&future), ("resumed", None), "in the same task");

    let task = || drop(std::panic::catch_unwind(|| panic!("resumed")));
    executor.submit(task).unwrap().result().unwrap();
    let future = executor.submit(resume).unwrap();
    assert_eq!(
        panic_of(&future),
        ("resumed", None),
        "with the same message"
    );
}

#[inline(never)]
fn function_that_panics() {
    panic!("on purpose");
}

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
fn a_task_may_shut_its_own_pool_down() {
    let executor = Arc::new(ThreadPoolExecutor::new(1).unwrap());
    let inside = Arc::clone(&executor);
    let future = executor
        .submit(move || inside.shutdown(Shutdown::wait()))
        .unwrap();
    assert_eq!(future.result(), Ok(&()));
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

/// Runs in a process of its own, where no other test opens descriptors or starts threads. `POOLS=10000` in the
/// environment sets the number of pools.
#[cfg(target_os = "linux")]
#[test]
fn pools_come_and_go_without_leaving_threads_or_descriptors() {
    const ALONE: &str = "CONCURRENT_FUTURES_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        let pools = std::env::var("POOLS").map_or(300, |pools| pools.parse().unwrap());
        let before = (threads(), descriptors());
        (0..pools).for_each(use_a_pool);
        assert_eq!((threads(), descriptors()), before);
        return;
    }
    let name = "thread_pool::pools_come_and_go_without_leaving_threads_or_descriptors";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", name]).env(ALONE, "1").output();
    let output = output.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

/// Creates a pool and ends it in one of three ways: a shutdown that waits, one that does not wait, or a drop.
#[cfg(target_os = "linux")]
fn use_a_pool(round: usize) {
    let executor = ThreadPoolExecutor::new(2).expect("two workers");
    let submit = |n| executor.submit(move || n).expect("the pool is open");
    let futures: Vec<_> = (0..4).map(submit).collect();
    match round % 3 {
        0 => (),
        1 if round.is_multiple_of(2) => executor.shutdown(Shutdown::wait().cancel_pending()),
        1 => executor.shutdown(Shutdown::wait()),
        _ if round.is_multiple_of(2) => executor.shutdown(Shutdown::no_wait().cancel_pending()),
        _ => executor.shutdown(Shutdown::no_wait()),
    }
    assert!(round % 3 != 1 || futures.iter().all(Future::done));
    assert_eq!(as_completed(futures).count(), 4);
}
