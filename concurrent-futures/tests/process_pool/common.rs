//! Behaviour that both kinds of pools share, tested through the trait `Executor`.

use std::collections::HashSet;
use std::time::Duration;

use concurrent_futures::{
    Executor, ExecutorExt, Future, MapError, MapOptions, Shutdown, SubmitError, TaskError,
    ThreadPoolExecutor, as_completed,
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

#[test]
fn as_completed_yields_futures_of_a_pool_and_those_that_had_any_outcome_before() {
    in_time(|| {
        on_both(|pool| {
            let (_promise, cancelled) = Future::<i64>::pair();
            assert!(cancelled.cancel());
            let (promise, failed) = Future::<i64>::pair();
            promise.set(Err(TaskError::failed("no such flag")));
            let (promise, finished) = Future::<i64>::pair();
            promise.set(Ok(42));
            let [first, second] = [3, 4].map(|n| pool.submit(Square(n)).unwrap());
            let given = [cancelled, failed, finished, first, second];
            let done: Vec<_> = as_completed(given.clone()).collect();
            assert_eq!(done.len(), 5);
            assert_eq!(done[..3], given[..3]);
            let done: HashSet<_> = done.into_iter().collect();
            assert_eq!(done, HashSet::from(given));
        });
    });
}

#[test]
fn chunks_and_buffers_of_zero_are_refused() {
    in_time(|| {
        on_both(|pool| {
            for options in [MapOptions::new().chunks(0), MapOptions::new().buffered(0)] {
                let refused = pool.map_with(options, (0..10).map(Square));
                let is_refused = matches!(refused, Err(SubmitError::InvalidMapOptions));
                assert!(is_refused, "{options:?}");
            }
        });
    });
}

#[test]
fn a_map_ends_with_its_input_even_an_empty_one() {
    in_time(|| {
        on_both(|pool| {
            for length in [0, 4] {
                let expected: Vec<i64> = (0..length).map(|n| n * n).collect();
                let results = pool.map((0..length).map(Square)).unwrap();
                assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), expected);
                for buffer in [1, 2, 4, 8] {
                    let options = MapOptions::new().buffered(buffer);
                    let results = pool.map_with(options, (0..length).map(Square)).unwrap();
                    let results: Vec<_> = results.map(Result::unwrap).collect();
                    assert_eq!(results, expected, "a buffer of {buffer}");
                }
            }
        });
    });
}

#[test]
fn a_full_buffer_takes_no_more_of_the_input() {
    in_time(|| {
        on_both(|pool| {
            let mut input = 0..4;
            let options = MapOptions::new().buffered(2);
            let results = pool.map_with(options, input.by_ref().map(Square)).unwrap();
            Executor::<Square>::shutdown(pool, Shutdown::wait());
            drop(results);
            assert_eq!(input.next(), Some(2));
        });
    });
}

#[test]
fn the_error_of_a_task_is_never_the_timeout_of_the_map() {
    in_time(|| {
        on_both(|pool| {
            // The second one is unlimited.
            for limit in [Duration::from_secs(600), Duration::MAX] {
                let results = pool.map([8, 7, 6].map(Half)).unwrap().timeout(limit);
                let mut results = results.fallible();
                assert_eq!(results.next().unwrap().unwrap(), 4);
                let error = results.next().unwrap().unwrap_err();
                let MapError::Task(TaskError::Failed(failure)) = error else {
                    panic!("{error:?}")
                };
                assert_eq!(failure.to_string(), "7 is odd");
                assert!(results.next().is_none());
            }
        });
    });
}
