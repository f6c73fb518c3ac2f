//! Tasks that fail, print, or cannot travel: each alone, and the same worker goes on.

use concurrent_futures::{Future, ProcessPoolExecutor, TaskError};

use crate::support::{in_time, play, pool, this_program};
use crate::tasks::*;

/// That the worker is the one it was.
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
fn a_panic_comes_back_with_what_it_said() {
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
fn a_task_that_cannot_be_written_fails_alone() {
    in_the_same_worker(|executor| {
        for refuses in [Refuses::ToBeWritten, Refuses::ToBeWrittenAndPanics] {
            let future = executor.submit(Stubborn(Thorn(refuses))).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Encode { .. })));
            assert!(!future.running() && !future.cancel());
        }
    });
}

#[test]
fn a_task_that_cannot_be_read_fails_alone() {
    in_the_same_worker(|executor| {
        for refuses in [Refuses::ToBeRead, Refuses::ToBeReadAndPanics] {
            let future = executor.submit(Stubborn(Thorn(refuses))).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Decode { .. })));
        }
    });
}

#[test]
fn a_value_that_cannot_be_written_or_read_fails_alone() {
    in_the_same_worker(|executor| {
        for refuses in [Refuses::ToBeWritten, Refuses::ToBeWrittenAndPanics] {
            let future = executor.submit(StubbornValue(refuses)).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Encode { .. })));
        }
        for refuses in [Refuses::ToBeRead, Refuses::ToBeReadAndPanics] {
            let future = executor.submit(StubbornValue(refuses)).unwrap();
            assert!(matches!(future.result(), Err(TaskError::Decode { .. })));
        }
        let future = executor.submit(StubbornValue(Refuses::Nothing)).unwrap();
        assert_eq!(future.result().unwrap().0, Refuses::Nothing);
    });
}

#[test]
fn a_task_that_the_worker_does_not_know_fails_alone() {
    in_the_same_worker(|executor| {
        let future = executor.submit(Unknown).unwrap();
        assert_eq!(
            message(&future),
            r#"the task or its value cannot be decoded: the worker has no task "unknown""#
        );
    });
}

#[test]
fn arguments_and_values_larger_than_any_pipe_go_both_ways_at_once() {
    in_time(|| {
        let huge = "x".repeat(64 << 20);
        let executor = pool().window(4).build().unwrap();
        let futures =
            [&huge, &huge, &huge].map(|huge| executor.submit(Echo(huge.clone())).unwrap());
        let small = executor.submit(Square(6)).unwrap();
        for future in &futures {
            assert!(future.result() == Ok(&huge), "it came back changed");
        }
        assert_eq!(small.result(), Ok(&36));
    });
}

#[test]
fn a_task_that_reads_its_input_finds_none_and_takes_no_other_tasks_away() {
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

/// A part of its own; see `started_by_a_test`.
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
fn what_tasks_print_is_printed_by_this_program() {
    in_time(|| {
        let output = play(this_program("tasks-that-print"));
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).unwrap();
            assert_eq!(text.matches("printed ").count(), 20_000);
        }
    });
}

#[test]
fn a_program_that_a_task_starts_gets_hold_of_nothing() {
    in_the_same_worker(|executor| {
        let program = "ls -l /dev/fd/ | grep -c socket; true";
        let future = executor.submit(RunProgram(program.to_owned())).unwrap();
        assert_eq!(future.result(), Ok(&"0\n".to_owned()));
    });
}
