//! The pool of threads as its users meet it: who runs what, how many there are, how it ends and how it breaks.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures::{
    Broken, BuildError, Future, SubmitError, TaskError, ThreadPoolExecutor, as_completed,
};

/// A task that says when it runs and goes on when told to.
struct Gate {
    begun: Receiver<()>,
    go_on: Sender<()>,
    future: Future<i32>,
}

impl Gate {
    fn submit_to(executor: &ThreadPoolExecutor) -> Self {
        let (begins, begun) = channel();
        let (go_on, may_go_on) = channel();
        let task = move || {
            let _ = begins.send(());
            let _ = may_go_on.recv();
            42
        };
        let future = executor.submit(task).expect("the executor takes tasks");
        Self {
            begun,
            go_on,
            future,
        }
    }

    fn wait_until_running(&self) {
        self.begun.recv().expect("the task runs");
    }

    fn open(self) -> Future<i32> {
        // The task may have been cancelled.
        let _ = self.go_on.send(());
        self.future
    }
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

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
fn a_name_that_no_thread_can_have_is_refused() {
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
    // Three tasks at a time meet at the barrier, so three do run at once; a fourth would be counted.
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
fn a_task_whose_future_is_thrown_away_still_runs_and_drops_what_it_captured() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let captured = Arc::new(());
    let (tell, told) = channel();
    let task_captured = Arc::clone(&captured);
    let task = move || {
        let _captured = task_captured;
        tell.send(()).unwrap();
    };
    drop(executor.submit(task).unwrap());
    told.recv().unwrap();
    executor.submit(|| ()).unwrap().result().unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
}

#[test]
fn a_panic_is_the_error_of_its_task_alone() {
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
        "workers start when there is work"
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
fn an_initializer_that_panics_breaks_the_pool_and_nobody_waits_for_ever() {
    let (tell, told) = channel::<()>();
    let told = std::sync::Mutex::new(told);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(2)
        .initializer(move || {
            let _ = told.lock().unwrap().recv();
            panic!("no licence")
        })
        .build()
        .unwrap();
    let futures: Vec<_> = (0..10)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    drop(tell);

    for future in &futures {
        let Err(TaskError::Broken(Broken::Initializer { message, .. })) = future.result() else {
            panic!("{future:?}");
        };
        assert_eq!(message, "no licence");
    }
    let refused = executor.submit(|| 42).unwrap_err();
    assert!(
        matches!(refused, SubmitError::Broken(Broken::Initializer { .. })),
        "{refused:?}"
    );
    executor.shutdown(true, false);
}

#[test]
fn shutdown_lets_queued_tasks_finish_and_may_be_repeated() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    let queued: Vec<_> = (0..50)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    executor.shutdown(false, false);
    assert!(matches!(executor.submit(|| ()), Err(SubmitError::ShutDown)));
    assert!(!queued[0].done());

    assert_eq!(gate.open().result(), Ok(&42));
    executor.shutdown(true, false);
    executor.shutdown(true, true);
    assert!(
        queued
            .iter()
            .enumerate()
            .all(|(n, future)| future.result() == Ok(&n))
    );
}

#[test]
fn shutdown_can_cancel_what_has_not_begun() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let queued: Vec<_> = (0..50)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    executor.shutdown(false, true);
    assert!(queued.iter().all(Future::cancelled));

    let running = gate.open();
    executor.shutdown(true, false);
    assert_eq!(running.result(), Ok(&42));
}

#[test]
fn a_second_shutdown_waits_as_long_as_the_first() {
    // Often enough that a second one that does not wait is seen: each round gives it time to return.
    for _ in 0..50 {
        let executor = ThreadPoolExecutor::new(1).unwrap();
        let gate = Gate::submit_to(&executor);
        gate.wait_until_running();
        let (returns, returned) = channel();
        thread::scope(|scope| {
            let (begin, begun) = channel();
            for _ in 0..2 {
                let (begin, returns, executor) = (begin.clone(), returns.clone(), &executor);
                scope.spawn(move || {
                    begin.send(()).unwrap();
                    executor.shutdown(true, false);
                    returns.send(()).unwrap();
                });
            }
            (0..2).for_each(|_| begun.recv().unwrap());
            (0..100).for_each(|_| thread::yield_now());
            assert!(
                returned.try_recv().is_err(),
                "the task that both wait for is held here"
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
        .submit(move || inside.shutdown(true, false))
        .unwrap();
    assert_eq!(future.result(), Ok(&()));
}

#[test]
fn a_callback_may_wait_for_another_task_of_its_pool() {
    let executor = Arc::new(ThreadPoolExecutor::new(2).unwrap());
    let gate = Gate::submit_to(&executor);
    let (tell, told) = channel();
    let inside = Arc::clone(&executor);
    gate.future.add_done_callback(move |_| {
        let answer = inside.submit(|| 7).unwrap();
        tell.send(*answer.result().unwrap()).unwrap();
    });
    gate.open();
    assert_eq!(told.recv().unwrap(), 7);
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

/// Panics when dropped, unless it is dropped by a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("on purpose, in a drop");
        }
    }
}

/// Whether the one worker of this pool still works.
fn still_works(executor: &ThreadPoolExecutor) -> bool {
    let future = executor.submit(|| 42);
    future.is_ok_and(|future| future.result() == Ok(&42))
}

#[test]
fn a_cancelled_task_whose_capture_panics_when_dropped_does_not_cost_a_worker() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let bomb = Bomb;
    let future = executor.submit(move || std::mem::forget(bomb)).unwrap();
    assert!(future.cancel());
    gate.open();
    assert!(still_works(&executor));
}

#[test]
fn a_panic_with_something_that_panics_when_dropped_is_the_error_of_its_task_alone() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let future = executor
        .submit(|| -> i32 { std::panic::panic_any(Bomb) })
        .unwrap();
    assert!(
        matches!(future.result(), Err(TaskError::Panicked { .. })),
        "{future:?}"
    );
    future.add_done_callback(|_| std::panic::panic_any(Bomb));
    assert!(still_works(&executor));
}

#[test]
fn a_result_nobody_holds_that_panics_when_dropped_does_not_cost_a_worker() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    drop(executor.submit(|| Bomb).unwrap());
    assert!(still_works(&executor));
}

#[test]
fn cancelling_the_queue_goes_on_where_a_capture_panics_when_dropped() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let bomb = Bomb;
    let first = executor.submit(move || std::mem::forget(bomb)).unwrap();
    let (tell, told) = channel();
    first.add_done_callback(move |_| tell.send(()).unwrap());
    let second = executor.submit(|| ()).unwrap();
    executor.shutdown(false, true);
    assert!(first.cancelled() && second.cancelled());
    told.try_recv().unwrap();
    gate.open();
}

#[test]
fn callbacks_of_a_cancelled_queue_find_all_of_it_cancelled() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    let first = executor.submit(|| 1).unwrap();
    let second = executor.submit(|| 2).unwrap();
    let (tell, told) = channel();
    first.add_done_callback(move |_| tell.send(second.result().is_err()).unwrap());
    executor.shutdown(false, true);
    assert!(told.recv().unwrap());
    gate.open();
}

#[cfg(target_os = "linux")]
#[test]
fn pools_come_and_go_without_leaving_threads() {
    let threads_named = |prefix: &str| {
        let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = threads.filter_map(|t| std::fs::read_to_string(t.path().join("comm")).ok());
        names.filter(|name| name.starts_with(prefix)).count()
    };
    for round in 0..300 {
        let builder = ThreadPoolExecutor::builder()
            .max_workers(2)
            .thread_name_prefix("comego");
        let executor = builder.build().unwrap();
        let futures: Vec<_> = (0..4)
            .map(|n| executor.submit(move || n).unwrap())
            .collect();
        executor.shutdown(true, round % 2 == 0);
        assert!(futures.iter().all(Future::done));
        assert_eq!(as_completed(futures).count(), 4);
    }
    // A thread that has been joined may be listed for another moment.
    let patience = Instant::now() + Duration::from_secs(60);
    while threads_named("comego") > 0 {
        assert!(
            Instant::now() < patience,
            "{} threads are left",
            threads_named("comego")
        );
        thread::yield_now();
    }
}
