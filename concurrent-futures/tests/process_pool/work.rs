//! A pool without failures: which worker runs a task, how many there are, and cancelling.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use concurrent_futures::{
    BuildError, ExecutorExt, MapError, ProcessPoolExecutor, Shutdown, TaskError, as_completed,
};

use crate::support::{Gates, in_time, pool, run_part, this_program};
use crate::tasks::*;

#[test]
fn submit_runs_the_task_in_a_worker_and_the_future_has_its_value() {
    in_time(|| {
        let executor = pool().build().unwrap();
        let future = executor.submit(Square(-7)).unwrap();
        assert_eq!(future.result(), Ok(&49));
        assert_eq!(future.result(), Ok(&49));
        let worker = executor.submit(WorkerId()).unwrap();
        assert_ne!(*worker.result().unwrap(), std::process::id());
    });
}

#[test]
fn an_error_returned_by_a_submitted_task_is_its_value() {
    in_time(|| {
        let executor = pool().build().unwrap();
        let half = executor.submit(Half(8)).unwrap();
        let none = executor.submit(Half(7)).unwrap();
        assert_eq!(half.result(), Ok(&Ok(4)));
        assert_eq!(none.result(), Ok(&Err("7 is odd".to_owned())));
    });
}

#[test]
fn settings_of_zero_are_refused() {
    let refused = |builder: concurrent_futures::ProcessPoolBuilder| builder.build().unwrap_err();
    let error = refused(pool().max_workers(0));
    assert_eq!(error.to_string(), "max_workers must be at least 1");
    let error = refused(pool().max_tasks_per_child(0));
    assert_eq!(error.to_string(), "max_tasks_per_child must be at least 1");
    let error = refused(pool().window(0));
    assert_eq!(error.to_string(), "window must be at least 1");
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn without_serve() {
    let error = ProcessPoolExecutor::new(1).unwrap_err();
    assert!(matches!(error, BuildError::NotServing), "{error:?}");
}

/// Runs in a process of its own, because another test in this one may have called `serve`.
#[test]
fn a_program_that_has_not_called_serve_cannot_build_a_pool() {
    run_part(this_program("without-serve"));
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn worker_without_serve() {
    let this_program = std::process::Command::new(std::env::current_exe().unwrap());
    let built = ProcessPoolExecutor::builder().command(this_program).build();
    assert!(matches!(built, Err(BuildError::NotServing)), "{built:?}");
}

/// Otherwise it would start workers that start workers in turn.
#[test]
fn a_worker_that_has_not_called_serve_cannot_build_a_pool() {
    let mut worker = this_program("worker-without-serve");
    worker.arg("multiprocessing-0-worker");
    run_part(worker);
}

#[test]
fn consecutive_tasks_run_in_one_process() {
    in_time(|| {
        let executor = pool().max_workers(4).build().unwrap();
        let pids: HashSet<u32> = (0..3)
            .map(|_| *executor.submit(WorkerId()).unwrap().result().unwrap())
            .collect();
        assert_eq!(pids.len(), 1);
    });
}

#[test]
fn tasks_start_new_processes_up_to_max_workers() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(3).build().unwrap();
        let futures: Vec<_> = (0..45)
            .map(|_| executor.submit(gates.task()).unwrap())
            .collect();
        let held = [gates.held(), gates.held(), gates.held()];
        assert_eq!(futures.iter().filter(|future| future.running()).count(), 3);
        assert!(!gates.another_task_waits());
        held.into_iter().for_each(crate::support::Held::go_on);
        for _ in 3..45 {
            gates.held().go_on();
        }
        let pids: HashSet<u32> = futures.iter().map(|f| *f.result().unwrap()).collect();
        assert_eq!(pids.len(), 3);
    });
}

#[test]
fn a_wide_window_does_not_queue_tasks_behind_a_blocked_one() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().max_workers(2).window(64).build().unwrap();
        let long = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let short: Vec<_> = (0..50)
            .map(|n| {
                let future = executor.submit(Square(n)).unwrap();
                *future.result().unwrap()
            })
            .collect();
        assert_eq!(short, (0..50).map(|n| n * n).collect::<Vec<_>>());
        assert!(!long.done());
        held.go_on();
    });
}

#[test]
fn each_future_has_its_own_value_for_any_window_and_number_of_workers() {
    in_time(|| {
        for (workers, window) in [(1, 1), (1, 64), (2, 3), (3, 64)] {
            let executor = pool().max_workers(workers).window(window).build().unwrap();
            let futures: Vec<_> = (0..5000)
                .map(|n| executor.submit(Square(n)).unwrap())
                .collect();
            for (n, future) in (0..).zip(&futures) {
                assert_eq!(future.result(), Ok(&(n * n)));
            }
            assert_eq!(as_completed(futures).count(), 5000);
        }
    });
}

#[test]
fn a_queued_task_can_be_cancelled_and_a_running_one_cannot() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let running = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let queued = executor.submit(gates.task()).unwrap();
        let last = executor.submit(Square(3)).unwrap();
        assert!(running.running() && !running.cancel());
        assert!(queued.cancel() && queued.cancel());
        assert_eq!(queued.result(), Err(&TaskError::Cancelled));
        held.go_on();
        assert_eq!(last.result(), Ok(&9));
        assert!(running.result().is_ok());
        assert!(!gates.another_task_waits());
    });
}

#[test]
fn a_task_whose_future_is_dropped_still_runs() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        drop(executor.submit(gates.task()).unwrap());
        gates.held().go_on();
    });
}

#[test]
fn the_initializer_runs_once_per_worker_before_its_first_task() {
    in_time(|| {
        let log = tempfile::NamedTempFile::new().unwrap();
        let path = log.path().display().to_string();
        let gates = Gates::new();
        let executor = pool()
            .max_workers(2)
            .initializer(SetUp(path.clone()))
            .build()
            .unwrap();
        let futures = [gates.task(), gates.task()].map(|task| executor.submit(task).unwrap());
        let held = [gates.held(), gates.held()];
        held.into_iter().for_each(crate::support::Held::go_on);
        let workers: HashSet<String> = futures
            .iter()
            .map(|future| future.result().unwrap().to_string())
            .collect();
        for _ in 0..10 {
            assert_eq!(executor.submit(WasSetUp()).unwrap().result(), Ok(&true));
        }
        let log = fs::read_to_string(path).unwrap();
        assert_eq!(log.lines().count(), 2);
        assert_eq!(
            log.lines().map(str::to_owned).collect::<HashSet<_>>(),
            workers
        );
    });
}

#[test]
fn no_worker_is_started_without_a_task_for_it() {
    in_time(|| {
        let log = tempfile::NamedTempFile::new().unwrap();
        let path = log.path().display().to_string();
        let executor = pool().max_workers(4).initializer(SetUp(path.clone()));
        let executor = executor.build().unwrap();
        executor.submit(Square(1)).unwrap();
        executor.shutdown(Shutdown::wait());
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 1);
    });
}

#[test]
fn a_worker_is_replaced_after_max_tasks_per_child() {
    in_time(|| {
        for window in [1, 64] {
            let executor = pool()
                .max_tasks_per_child(3)
                .window(window)
                .build()
                .unwrap();
            let futures: Vec<_> = (0..10)
                .map(|_| executor.submit(WorkerId()).unwrap())
                .collect();
            // Holds even if the pool is shut down before a worker is replaced.
            executor.shutdown(Shutdown::no_wait());
            let pids: Vec<u32> = futures.iter().map(|f| *f.result().unwrap()).collect();
            let in_turn: Vec<usize> = pids.chunk_by(|a, b| a == b).map(<[u32]>::len).collect();
            assert_eq!(in_turn, [3, 3, 3, 1]);
        }
    });
}

#[test]
fn callbacks_run_once_and_may_use_the_pool() {
    in_time(|| {
        let executor = std::sync::Arc::new(pool().build().unwrap());
        let (sender, receiver) = std::sync::mpsc::channel();
        let again = std::sync::Arc::downgrade(&executor);
        let future = executor.submit(Square(2)).unwrap();
        future.add_done_callback(move |future| {
            let executor = again.upgrade().unwrap();
            let next = executor.submit(Square(*future.result().unwrap())).unwrap();
            sender.send(next).unwrap();
        });
        assert_eq!(receiver.recv().unwrap().result(), Ok(&16));
        assert!(receiver.recv().is_err());
    });
}

#[test]
fn a_map_yields_what_is_ready_in_time_then_one_timeout_and_cancels_the_rest() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let tasks = [(); 4].map(|()| gates.task());
        let limit = Duration::from_secs(600);
        let mut results = executor.map(tasks).unwrap().timeout(limit);
        for _ in 0..2 {
            gates.held().go_on();
            assert!(results.next().unwrap().is_ok());
        }
        let running = gates.held();
        let mut results = results.timeout(Duration::ZERO);
        assert!(matches!(results.next(), Some(Err(MapError::TimedOut))));
        assert!(results.next().is_none());
        running.go_on();
        executor.shutdown(Shutdown::wait());
        assert!(!gates.another_task_waits());
    });
}

#[test]
fn tasks_that_run_at_most_three_at_a_time_need_at_most_three_processes() {
    in_time(|| {
        let executor = pool().max_workers(5).build().unwrap();
        let mut futures = Vec::new();
        // When a task is submitted, at most two before it can still run: those that were not waited for.
        for (n, is_waited_for) in [
            (12, true),
            (33, false),
            (25, true),
            (18, false),
            (1, true),
            (0, false),
        ] {
            let future = executor.submit(Square(n)).unwrap();
            if is_waited_for {
                assert_eq!(future.result(), Ok(&(n * n)));
            }
            futures.push(future);
        }
        let pids = executor.worker_pids();
        assert!(pids.len() <= 3, "{pids:?}");
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}
