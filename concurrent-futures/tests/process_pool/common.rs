//! Behaviour that both kinds of pools share, tested through the trait `Executor`.

use concurrent_futures::{
    Executor, ExecutorExt, MapError, MapOptions, TaskError, ThreadPoolExecutor,
};

use crate::support::{in_time, pool};
use crate::tasks::*;

/// Runs the test on a thread pool and on a process pool.
fn on_both(test: impl Fn(&dyn Pool)) {
    test(&ThreadPoolExecutor::new(2).unwrap());
    test(&pool().max_workers(2).build().unwrap());
}

/// An executor for the tasks of this file.
trait Pool: Executor<Square> + Executor<Half> + Executor<PanicOnFive> {}

impl<P: Executor<Square> + Executor<Half> + Executor<PanicOnFive>> Pool for P {}

#[test]
fn map_gives_results_in_order_in_chunks_of_any_size() {
    in_time(|| {
        on_both(|pool| {
            let expected: Vec<i64> = (0..10).map(|n| n * n).collect();
            for chunk in [1, 3, 10, 100] {
                let options = MapOptions::new().chunks(chunk);
                let squares = (0..10).map(Square);
                let results: Result<Vec<_>, _> = pool.map_with(options, squares).unwrap().collect();
                assert_eq!(results.unwrap(), expected, "chunks of {chunk}");
            }
        });
    });
}

#[test]
fn the_first_panic_comes_at_its_position_and_ends_the_map() {
    in_time(|| {
        on_both(|pool| {
            for chunk in [1, 2, 8] {
                let options = MapOptions::new().chunks(chunk);
                let tasks = (0..8).map(PanicOnFive);
                let mut results = pool.map_with(options, tasks).unwrap();
                for n in 0..5 {
                    assert_eq!(results.next().unwrap().unwrap(), n, "chunks of {chunk}");
                }
                let error = results.next().unwrap().unwrap_err();
                let MapError::Task(TaskError::Panicked { message, .. }) = error else {
                    panic!("{error:?}")
                };
                assert_eq!(message, "not 5");
                assert!(results.next().is_none());
            }
        });
    });
}

#[test]
fn an_endless_input_is_bounded_by_the_buffer() {
    in_time(|| {
        on_both(|pool| {
            let options = MapOptions::new().buffered(4);
            let results = pool.map_with(options, (0..).map(Square)).unwrap();
            let first: Vec<_> = results.take(20).map(Result::unwrap).collect();
            assert_eq!(first, (0..20).map(|n| n * n).collect::<Vec<i64>>());
        });
    });
}

#[test]
fn the_error_of_a_fallible_task_is_the_failure_of_its_future() {
    in_time(|| {
        on_both(|pool| {
            let half = pool.try_submit(Half(8)).unwrap();
            let none = pool.try_submit(Half(7)).unwrap();
            assert_eq!(half.result(), Ok(&4));
            let Err(TaskError::Failed(failure)) = none.result() else {
                panic!("{none:?}")
            };
            assert_eq!(failure.to_string(), "7 is odd");
        });
    });
}
