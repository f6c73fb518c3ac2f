//! The end of a pool: by shutdown, by drop, or because its program is killed.

use std::process::Stdio;

use concurrent_futures::{Shutdown, SubmitError};

use crate::support::{Gates, in_time, pool, this_program};
use crate::tasks::*;

#[test]
fn shutdown_waits_for_all_tasks_and_refuses_new_ones() {
    in_time(|| {
        let executor = pool().max_workers(2).build().unwrap();
        let futures: Vec<_> = (0..50)
            .map(|n| executor.submit(Square(n)).unwrap())
            .collect();
        executor.shutdown(Shutdown::wait());
        assert!(futures.iter().all(|future| future.done()));
        assert!(futures.iter().all(|future| future.result().is_ok()));
        assert!(matches!(
            executor.submit(Square(1)),
            Err(SubmitError::ShutDown)
        ));
        executor.shutdown(Shutdown::wait().cancel_pending());
    });
}

#[test]
fn shutdown_can_cancel_tasks_that_have_not_started() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let futures: Vec<_> = (0..10)
            .map(|_| executor.submit(gates.task()).unwrap())
            .collect();
        let held = gates.held();
        executor.shutdown(Shutdown::no_wait().cancel_pending());
        assert!(futures[1..].iter().all(|future| future.cancelled()));
        assert!(!futures[0].done());
        held.go_on();
        executor.shutdown(Shutdown::wait());
        assert!(futures[0].result().is_ok());
    });
}

#[test]
fn shutdown_without_waiting_still_runs_queued_tasks() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let futures = [gates.task(), gates.task()].map(|task| executor.submit(task).unwrap());
        executor.shutdown(Shutdown::no_wait());
        gates.held().go_on();
        gates.held().go_on();
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}

#[test]
fn shutdown_after_an_immediate_cancel_does_not_hang() {
    in_time(|| {
        for _ in 0..20 {
            let executor = pool().build().unwrap();
            let future = executor.submit(Square(1)).unwrap();
            future.cancel();
            executor.shutdown(Shutdown::wait());
            assert!(future.done());
        }
    });
}

#[test]
fn dropping_the_executor_waits_for_its_tasks() {
    in_time(|| {
        let executor = pool().max_workers(2).build().unwrap();
        let futures: Vec<_> = (0..50)
            .map(|n| executor.submit(Square(n)).unwrap())
            .collect();
        drop(executor);
        assert!(futures.iter().all(|future| future.done()));
    });
}

#[test]
fn a_callback_may_drop_the_pool() {
    in_time(|| {
        let gates = Gates::new();
        let executor = pool().build().unwrap();
        let future = executor.submit(gates.task()).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        future.add_done_callback(move |_| {
            drop(executor);
            sender.send(()).unwrap();
        });
        gates.held().go_on();
        receiver.recv().unwrap();
    });
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn to_be_killed() {
    in_time(|| {
        let gate = std::env::var("GATE").unwrap_or_default();
        let executor = pool().max_workers(3).window(2).build().unwrap();
        let futures: Vec<_> = (0..6)
            .map(|_| executor.submit(Gate(gate.clone())).unwrap())
            .collect();
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}

#[test]
fn workers_end_in_mid_task_when_their_program_is_killed() {
    in_time(|| {
        let gates = Gates::new();
        let mut program = this_program("to-be-killed")
            .env("GATE", gates.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let workers = [gates.held(), gates.held(), gates.held()];
        program.kill().unwrap();
        program.wait().unwrap();
        for worker in workers {
            worker.wait_until_gone();
        }
    });
}
