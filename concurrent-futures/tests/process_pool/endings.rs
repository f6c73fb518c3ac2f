//! How a pool ends: shut down, dropped, and killed together with its program.

use std::process::Stdio;

use concurrent_futures::{Shutdown, SubmitError};

use crate::support::{Gates, in_time, pool, this_program};
use crate::tasks::*;

#[test]
fn shutdown_waits_for_everything_and_takes_nothing_more() {
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
fn shutdown_can_cancel_what_has_not_begun() {
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
fn shutdown_without_waiting_still_has_everything_done() {
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
fn submitted_and_cancelled_at_once_a_pool_still_ends() {
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
fn dropping_waits_for_everything() {
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
        let (tell, told) = std::sync::mpsc::channel();
        future.add_done_callback(move |_| {
            drop(executor);
            tell.send(()).unwrap();
        });
        gates.held().go_on();
        told.recv().unwrap();
    });
}

/// A part of its own; see `started_by_a_test`.
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
fn when_the_program_is_killed_its_workers_end_in_mid_task() {
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
