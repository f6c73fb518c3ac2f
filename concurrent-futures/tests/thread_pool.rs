//! The pool of threads as its users meet it: who runs what, how many there are, how it ends and how it breaks.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;

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
    assert_eq!(
        ThreadPoolExecutor::new(0).unwrap_err(),
        BuildError::NoWorkers
    );
    assert_eq!(
        BuildError::NoWorkers.to_string(),
        "max_workers must be at least 1"
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
        Err(TaskError::Panicked { message }) => message.clone(),
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

    let broken = Broken::Initializer {
        message: "no licence".to_owned(),
    };
    for future in &futures {
        assert_eq!(future.result(), Err(&TaskError::Broken(broken.clone())));
    }
    let refused = executor.submit(|| 42).unwrap_err();
    assert!(matches!(refused, SubmitError::Broken(cause) if cause == broken));
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
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let gate = Gate::submit_to(&executor);
    gate.wait_until_running();
    thread::scope(|scope| {
        let waiting = [(); 2].map(|()| scope.spawn(|| executor.shutdown(true, false)));
        // Neither can have returned: the task that both wait for is held here.
        assert!(waiting.iter().all(|thread| !thread.is_finished()));
        let running = gate.open();
        for thread in waiting {
            thread.join().unwrap();
            assert!(running.done());
        }
    });
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
fn pools_come_and_go_without_leaving_threads() {
    for round in 0..300 {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        let futures: Vec<_> = (0..4)
            .map(|n| executor.submit(move || n).unwrap())
            .collect();
        executor.shutdown(true, round % 2 == 0);
        assert!(futures.iter().all(Future::done));
        assert_eq!(as_completed(futures).count(), 4);
    }
}
