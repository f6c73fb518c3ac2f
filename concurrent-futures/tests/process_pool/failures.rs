//! Tasks that fail, print, or cannot be encoded or decoded. Only that task fails; the worker continues.

use std::sync::atomic::Ordering::Relaxed;

use concurrent_futures::{Future, ProcessPoolExecutor, Shutdown, TaskError};

use crate::support::{in_time, pool, run_part, this_program};
use crate::tasks::*;

/// Runs the test on a pool with one worker and asserts that the same worker still runs afterwards.
fn in_the_same_worker(test: impl FnOnce(&ProcessPoolExecutor) + Send + 'static) {
    in_time(|| {
        let executor = pool().build().unwrap();
        let worker = *executor.submit(WorkerId()).unwrap().result().unwrap();
        test(&executor);
        assert_eq!(executor.submit(WorkerId()).unwrap().result(), Ok(&worker));
    });
}

fn message<T: std::fmt::Debug>(future: &Future<T>) -> String {
    future.result().unwrap_err().to_string()
}

#[test]
fn a_panic_is_reported_with_its_message() {
    in_the_same_worker(|executor| {
        let future = executor.submit(Panic("over there".to_owned())).unwrap();
        assert!(matches!(future.result(), Err(TaskError::Panicked { .. })));
        assert_eq!(message(&future), "the task panicked: over there");
        let future = executor.submit(PanicWithNumber()).unwrap();
        assert_eq!(
            message(&future),
            "the task panicked: a panic without a message"
        );
    });
}

#[test]
fn only_the_task_that_cannot_be_encoded_fails() {
    in_the_same_worker(|executor| {
        for fails in [Fails::Encoding, Fails::EncodingByPanic] {
            let future = executor.submit(TakeFragile(Fragile(fails))).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Encode { .. })));
            assert!(!future.running() && !future.cancel());
        }
    });
}

#[test]
fn only_the_task_that_cannot_be_decoded_fails() {
    in_the_same_worker(|executor| {
        for fails in [Fails::Decoding, Fails::DecodingByPanic] {
            let future = executor.submit(TakeFragile(Fragile(fails))).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Decode { .. })));
        }
    });
}

#[test]
fn only_the_task_whose_value_cannot_be_encoded_or_decoded_fails() {
    in_the_same_worker(|executor| {
        for fails in [Fails::Encoding, Fails::EncodingByPanic] {
            let future = executor.submit(ReturnFragile(fails)).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Encode { .. })));
        }
        for fails in [Fails::Decoding, Fails::DecodingByPanic] {
            let future = executor.submit(ReturnFragile(fails)).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Decode { .. })));
        }
        let future = executor.submit(ReturnFragile(Fails::Never)).unwrap();
        assert_eq!(future.result().unwrap().0, Fails::Never);
    });
}

#[test]
fn only_the_task_that_the_worker_does_not_know_fails() {
    in_the_same_worker(|executor| {
        let future = executor.submit(Unknown).unwrap();
        assert!(matches!(
            future.result(),
            Err(TaskError::Unregistered { .. })
        ));
        assert_eq!(message(&future), r#"the worker has no task "unknown""#);
    });
}

#[test]
fn what_is_nested_too_deeply_fails_alone() {
    in_the_same_worker(|executor| {
        let too_deep = 60_000;
        let take = |flat| {
            executor
                .submit(TakeNest(Nest::new(too_deep, flat)))
                .unwrap()
        };
        let give = |flat| executor.submit(GiveNest(too_deep, flat)).unwrap();
        for error in [take(false).error().cloned(), give(false).error().cloned()] {
            assert!(matches!(error, Some(TaskError::Encode { .. })), "{error:?}");
        }
        for error in [take(true).error().cloned(), give(true).error().cloned()] {
            assert!(matches!(error, Some(TaskError::Decode { .. })), "{error:?}");
        }
        let future = executor.submit(GiveNest(128, false)).unwrap();
        assert!(future.result().is_ok());
        let future = executor.submit(TakeNest(Nest::new(128, false))).unwrap();
        assert_eq!(future.result(), Ok(&true));
    });
}

#[test]
fn what_does_not_fit_in_a_frame_is_refused_before_it_is_encoded_to_the_end() {
    in_the_same_worker(|executor| {
        let future = executor.submit(TakeHuge(Huge(1 << 30))).unwrap();
        let expected = "the task or its value cannot be encoded: it needs more than 1 GiB";
        assert_eq!(message(&future), expected);
        assert!(!END_ENCODED.load(Relaxed));
        let future = executor.submit(GiveHuge(1 << 30)).unwrap();
        assert_eq!(message(&future), expected);
        assert_eq!(executor.submit(TakeHuge(Huge(1))).unwrap().result(), Ok(&1));
    });
}

#[test]
fn arguments_and_values_larger_than_a_pipe_travel_both_ways_at_once() {
    in_time(|| {
        let huge = "x".repeat(64 << 20);
        let executor = pool().window(4).build().unwrap();
        let futures =
            [&huge, &huge, &huge].map(|huge| executor.submit(Echo(huge.clone())).unwrap());
        let small = executor.submit(Square(6)).unwrap();
        for future in &futures {
            assert!(future.result() == Ok(&huge), "the value came back changed");
        }
        assert_eq!(small.result(), Ok(&36));
    });
}

#[test]
fn a_task_that_reads_standard_input_gets_end_of_file_and_consumes_no_tasks() {
    in_time(|| {
        let executor = pool().window(64).build().unwrap();
        let reads = executor.submit(ReadInput()).unwrap();
        let futures: Vec<_> = (0..50)
            .map(|n| executor.submit(Square(n)).unwrap())
            .collect();
        assert_eq!(reads.result(), Ok(&0));
        assert!(futures.iter().all(|future| future.result().is_ok()));
    });
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn tasks_that_print() {
    in_time(|| {
        let executor = ProcessPoolExecutor::builder()
            .command(this_program("worker"))
            .build()
            .unwrap();
        let text = "printed ".repeat(20_000);
        assert_eq!(executor.submit(Print(text)).unwrap().result(), Ok(&()));
        assert_eq!(executor.submit(Square(5)).unwrap().result(), Ok(&25));
    });
}

#[test]
fn output_of_tasks_goes_to_the_output_of_the_program() {
    in_time(|| {
        let output = run_part(this_program("tasks-that-print"));
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).unwrap();
            assert_eq!(text.matches("printed ").count(), 20_000);
        }
    });
}

#[test]
fn a_program_started_by_a_task_inherits_no_sockets() {
    in_the_same_worker(|executor| {
        let program = "ls -l /dev/fd/ | grep -c socket; true";
        let future = executor.submit(RunProgram(program.to_owned())).unwrap();
        assert_eq!(future.result(), Ok(&"0\n".to_owned()));
    });
}

/// A part that runs in its own process; see `started_by_a_test`.
pub(crate) fn task_that_panics() {
    in_time(|| {
        let executor = ProcessPoolExecutor::builder()
            .command(this_program("worker"))
            .build()
            .unwrap();
        let future = executor.submit(Panic("over there".to_owned())).unwrap();
        assert_eq!(message(&future), "the task panicked: over there");
    });
}

#[test]
fn the_place_of_a_panic_goes_to_the_standard_error_of_the_program() {
    in_time(|| {
        let output = run_part(this_program("task-that-panics"));
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(printed.contains("process_pool/tasks.rs:"), "{printed}");
        assert!(printed.contains("over there"), "{printed}");
    });
}

#[test]
fn a_task_that_fails_in_a_worker_that_retires_holds_up_no_shutdown() {
    in_time(|| {
        for workers in [2, 4] {
            let executor = pool().max_workers(workers).max_tasks_per_child(1);
            let executor = executor.build().unwrap();
            let first = executor.submit(Square(1)).unwrap();
            let fails = executor.submit(Panic("on purpose".to_owned())).unwrap();
            let last = executor.submit(Square(3)).unwrap();
            assert_eq!(first.result(), Ok(&1));
            assert_eq!(message(&fails), "the task panicked: on purpose");
            executor.shutdown(Shutdown::no_wait());
            assert!(executor.shutdown(Shutdown::wait()));
            assert_eq!(last.result(), Ok(&9));
            assert_eq!(executor.worker_pids(), []);
        }
    });
}
