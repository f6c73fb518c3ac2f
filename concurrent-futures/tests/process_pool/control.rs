//! What a program does with a running pool: bounds its queue, looks at its workers, cancels their tasks and ends them.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use concurrent_futures::{Future, OnCrash, ProcessPoolExecutor, Shutdown, SubmitError};
use rustix::process::getpgrp;

use crate::support::{Gates, KILLED, in_time, pool, worker_exit};
use crate::tasks::*;

const TERMINATED: &str = "signal: 15 (SIGTERM)";

/// Ends the workers of a pool in the middle of a task, and returns the exit status that the pool reports.
fn end_busy_workers(end: impl FnOnce(&ProcessPoolExecutor)) -> String {
    let gates = Gates::new();
    let executor = pool().max_workers(2).build().unwrap();
    let running = [gates.task(), gates.task()].map(|task| executor.submit(task).unwrap());
    let queued = executor.submit(Square(3)).unwrap();
    let held = [gates.held(), gates.held()];
    let mut pids = executor.worker_pids();
    pids.sort_unstable();
    let mut of_tasks = [held[0].pid, held[1].pid];
    of_tasks.sort_unstable();
    assert_eq!(pids, of_tasks);

    end(&executor);
    assert!(queued.cancelled());
    assert!(executor.submit(Square(1)).is_err());
    let exits = running.each_ref().map(worker_exit);
    // The first one to end breaks the pool, which fails all tasks.
    assert!(pids.contains(&exits[0].0));
    assert!(executor.shutdown(Shutdown::wait()));
    assert_eq!(executor.worker_pids(), []);
    // Once more: there is nothing left to end.
    executor.terminate_workers();
    executor.kill_workers();
    exits[0].1.clone()
}

#[test]
fn workers_can_be_terminated_in_the_middle_of_a_task() {
    in_time(|| {
        let status = end_busy_workers(ProcessPoolExecutor::terminate_workers);
        assert_eq!(status, TERMINATED);
    });
}

#[test]
fn workers_can_be_killed_in_the_middle_of_a_task() {
    in_time(|| {
        let status = end_busy_workers(ProcessPoolExecutor::kill_workers);
        assert_eq!(status, KILLED);
    });
}

#[test]
fn a_terminated_pool_starts_no_new_workers() {
    in_time(|| {
        let gates = Gates::new();
        let restart = OnCrash::Restart { max: 10 };
        let executor = pool().on_crash(restart).build().unwrap();
        let running = executor.submit(gates.task()).unwrap();
        let _held = gates.held();
        executor.terminate_workers();
        assert_eq!(worker_exit(&running).1, TERMINATED);
        assert!(executor.shutdown(Shutdown::wait()));
        let refused = executor.submit(Square(1));
        assert!(matches!(refused, Err(SubmitError::ShutDown)), "{refused:?}");
    });
}

#[test]
fn a_pool_that_has_started_no_worker_can_be_terminated() {
    in_time(|| {
        let executor = pool().build().unwrap();
        executor.terminate_workers();
        assert!(executor.submit(Square(1)).is_err());
    });
}

#[test]
fn workers_that_are_being_started_are_ended_as_well() {
    in_time(|| {
        for round in 0..40 {
            // None of these workers ends by itself.
            let builder = pool().max_workers(4).initializer(SetUpForever());
            let executor = builder.build().unwrap();
            let futures = [(); 4].map(|()| executor.submit(WorkerId()).unwrap());
            // The others are still on their way.
            while executor.worker_pids().len() < round % 4 {
                thread::yield_now();
            }
            if round % 2 == 0 {
                executor.kill_workers();
            } else {
                executor.terminate_workers();
            }
            drop(executor);
            assert!(futures.iter().all(Future::cancelled));
        }
    });
}

#[test]
fn workers_are_ended_before_the_callbacks_of_cancelled_tasks_run() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let running = executor.submit(gates.task()).unwrap();
        let _held = gates.held();
        let queued = executor.submit(Square(3)).unwrap();
        let for_callback = running.clone();
        let (report, reported) = channel();
        queued.add_done_callback(move |_: &Future<i64>| {
            report.send(worker_exit(&for_callback).1).unwrap();
        });
        executor.kill_workers();
        assert_eq!(reported.recv().unwrap(), KILLED);
    });
}

#[test]
fn a_running_task_can_ask_whether_it_is_cancelled() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().window(2).build().unwrap();
        let running = executor.submit(UntilCancelled(gates.path())).unwrap();
        // Behind the task that asks, in the same stream.
        let behind = executor.submit(Square(3)).unwrap();
        let _held = gates.held();
        executor.shutdown(Shutdown::no_wait().cancel_pending());
        assert_eq!(running.result(), Ok(&true));
        assert_eq!(behind.result(), Ok(&9));
    });
}

#[test]
fn an_ordinary_shutdown_cancels_no_running_task() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let running = executor.submit(UntilCancelled(gates.path())).unwrap();
        let _held = gates.held();
        let limit = Duration::from_millis(20);
        assert!(!executor.shutdown(Shutdown::wait().within(limit)));
        assert!(!running.done());
        assert!(executor.shutdown(Shutdown::wait().cancel_pending()));
        assert!(running.done());
    });
}

#[test]
fn a_shutdown_with_a_deadline_leaves_running_tasks_alone() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let futures = [gates.task(), gates.task()].map(|task| executor.submit(task).unwrap());
        let first = gates.held();
        assert!(!executor.shutdown(Shutdown::wait().within(Duration::ZERO)));
        assert!(!executor.shutdown(Shutdown::no_wait()));
        first.go_on();
        gates.held().go_on();
        assert!(executor.shutdown(Shutdown::wait().within(Duration::from_secs(60))));
        assert!(executor.shutdown(Shutdown::no_wait()));
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}

#[test]
fn submit_waits_while_the_queue_is_full() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().queue_bound(2).build().unwrap();
        let running = executor.submit(gates.task()).unwrap();
        let first = gates.held();
        let queued = [2, 3].map(|n| executor.submit(Square(n)).unwrap());
        let (submitted, has_submitted) = channel();
        thread::scope(|scope| {
            scope.spawn(|| submitted.send(executor.submit(Square(4)).unwrap()).unwrap());
            // A queue that is not bounded has this long to be noticed.
            let early = has_submitted.recv_timeout(Duration::from_millis(50));
            assert_eq!(early.unwrap_err(), RecvTimeoutError::Timeout);
            first.go_on();
            let last = has_submitted.recv().unwrap();
            assert!(running.result().is_ok());
            assert_eq!(last.result(), Ok(&16));
        });
        assert_eq!(queued.map(|future| *future.result().unwrap()), [4, 9]);
    });
}

#[test]
fn a_submit_that_waits_for_room_ends_with_the_pool() {
    in_time(|| {
        for end in [
            |executor: &ProcessPoolExecutor| executor.kill_workers(),
            |executor: &ProcessPoolExecutor| _ = executor.shutdown(Shutdown::no_wait()),
        ] {
            let gates = Gates::new();
            let executor = pool().queue_bound(1).build().unwrap();
            executor.submit(gates.task()).unwrap();
            let running = gates.held();
            executor.submit(Square(2)).unwrap();
            thread::scope(|scope| {
                let waits = scope.spawn(|| executor.submit(Square(3)).map(drop));
                end(&executor);
                // Whether it waited already or came too late.
                assert!(waits.join().unwrap().is_err());
            });
            running.go_on();
        }
    });
}

#[test]
fn a_callback_does_not_wait_for_room() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().queue_bound(1).build().unwrap();
        let executor = std::sync::Arc::new(executor);
        let running = executor.submit(gates.task()).unwrap();
        let held = gates.held();
        let (report, reported) = channel();
        let in_callback = std::sync::Arc::clone(&executor);
        running.add_done_callback(move |_: &Future<u32>| {
            let submits = std::iter::repeat_with(|| in_callback.submit(Square(1)).map(drop));
            // The worker is idle: the first task need not wait. Before the queue is full, others find room in it.
            let refused = submits.take(1000).find_map(Result::err);
            report.send(refused).unwrap();
        });
        held.go_on();
        let refused = reported.recv().unwrap();
        assert!(
            matches!(refused, Some(SubmitError::QueueFull)),
            "{refused:?}"
        );
    });
}

#[test]
fn workers_share_the_process_group_unless_they_get_their_own() {
    in_time(|| {
        let group = |executor: ProcessPoolExecutor| {
            let group = executor.submit(ProcessGroup()).unwrap();
            let pid = executor.submit(WorkerId()).unwrap();
            (*group.result().unwrap(), *pid.result().unwrap())
        };
        let (shared, _) = group(pool().build().unwrap());
        assert_eq!(shared, getpgrp().as_raw_nonzero().get());
        let (own, pid) = group(pool().process_group().build().unwrap());
        assert_eq!(own, i32::try_from(pid).unwrap());
    });
}

#[test]
fn a_queue_without_room_is_refused() {
    let error = pool().queue_bound(0).build().unwrap_err();
    assert_eq!(error.to_string(), "queue_bound must be at least 1");
}

#[test]
fn a_pool_whose_workers_are_idle_or_not_started_can_be_ended() {
    in_time(|| {
        for end in [
            ProcessPoolExecutor::terminate_workers,
            ProcessPoolExecutor::kill_workers,
        ] {
            for is_started in [false, true] {
                let executor = pool().build().unwrap();
                if is_started {
                    assert_eq!(executor.submit(Square(2)).unwrap().result(), Ok(&4));
                }
                end(&executor);
                let refused = executor.submit(Square(1));
                assert!(matches!(refused, Err(SubmitError::ShutDown)), "{refused:?}");
                assert!(executor.shutdown(Shutdown::wait()));
                assert_eq!(executor.worker_pids(), []);
            }
        }
    });
}
