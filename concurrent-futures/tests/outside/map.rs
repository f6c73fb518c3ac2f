//! `map` on each executor: its order, its bounds and its end.

use std::time::Duration;

use concurrent_futures::{
    Executor, ExecutorExt, MapError, MapOptions, Shutdown, SubmitError, TaskError,
    ThreadPoolExecutor,
};

use crate::on_all;
use crate::own::OwnExecutor;
#[cfg(all(unix, feature = "processes"))]
use crate::tasks;
use crate::tasks::{Half, Picky, Square};

#[test]
fn map_gives_results_in_order_in_chunks_of_any_size() {
    on_all(|pool| {
        for chunk in [1, 3, 10, 100] {
            let options = MapOptions::new().chunks(chunk);
            let squares = pool.map_with(options, (0..10).map(Square)).unwrap();
            let squares: Vec<_> = squares.map(Result::unwrap).collect();
            let expected: Vec<i64> = (0..10).map(|n| n * n).collect();
            assert_eq!(squares, expected, "chunks of {chunk}");
        }
    });
}

#[test]
fn map_takes_tasks_whatever_the_type_of_the_executor() {
    // The same text for each type, without `dyn`.
    macro_rules! squares {
        ($pool:expr) => {{
            let pool = $pool;
            let squares = pool.map((0..4).map(Square)).unwrap();
            assert_eq!(
                squares.map(Result::unwrap).collect::<Vec<_>>(),
                [0, 1, 4, 9]
            );
            let options = MapOptions::new().chunks(3);
            let squares = pool.map_with(options, (0..4).map(Square)).unwrap();
            assert_eq!(squares.map(Result::unwrap).sum::<i64>(), 14);
        }};
    }
    squares!(OwnExecutor::new(2));
    squares!(ThreadPoolExecutor::new(2).unwrap());
    squares!(std::sync::Arc::new(ThreadPoolExecutor::new(2).unwrap()));
    ThreadPoolExecutor::scope(|executor| squares!(executor));
    #[cfg(all(unix, feature = "processes"))]
    squares!(tasks::process_pool());
}

#[test]
fn an_endless_input_stays_bounded_by_its_buffer() {
    on_all(|pool| {
        let options = MapOptions::new().buffered(4);
        let squares = pool.map_with(options, (0..).map(Square)).unwrap();
        let first: Vec<_> = squares.take(20).map(Result::unwrap).collect();
        assert_eq!(first, (0..20).map(|n| n * n).collect::<Vec<i64>>());
    });
}

#[test]
fn the_first_task_that_panics_surfaces_at_its_place_and_the_pool_continues() {
    on_all(|pool| {
        for chunk in [1, 2, 8] {
            let options = MapOptions::new().chunks(chunk);
            let mut results = pool.map_with(options, (0..8).map(Picky)).unwrap();
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
        assert_eq!(pool.submit(Square(6)).unwrap().result(), Ok(&36));
    });
}

#[test]
fn chunks_and_buffers_of_zero_are_refused() {
    on_all(|pool| {
        for options in [MapOptions::new().chunks(0), MapOptions::new().buffered(0)] {
            let refused = pool.map_with(options, (0..10).map(Square));
            let is_refused = matches!(refused, Err(SubmitError::InvalidMapOptions));
            assert!(is_refused, "{options:?}");
        }
    });
}

#[test]
fn a_map_ends_with_its_input_even_an_empty_one() {
    on_all(|pool| {
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
}

#[test]
fn a_full_buffer_takes_no_more_of_the_input() {
    on_all(|pool| {
        let mut input = 0..4;
        let options = MapOptions::new().buffered(2);
        let results = pool.map_with(options, input.by_ref().map(Square)).unwrap();
        Executor::<Square>::shutdown(pool, Shutdown::wait());
        drop(results);
        assert_eq!(input.next(), Some(2));
    });
}

#[test]
fn the_error_of_a_task_is_never_the_timeout_of_the_map() {
    on_all(|pool| {
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
}
