//! `map`: results in the order of the input, and the remaining calls after a failure, a timeout or a drop.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concurrent_futures::{
    Executor, ExecutorExt, MapError, MapOptions, Shutdown, SubmitError, Task, TaskError,
    ThreadPoolExecutor,
};

use crate::support::busy_pool;

#[test]
fn results_come_in_the_order_of_the_input_not_of_completion() {
    let executor = ThreadPoolExecutor::new(3).unwrap();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::<()>()).unzip();
    let receivers: Vec<_> = receivers.into_iter().map(Mutex::new).collect();
    let results = executor
        .map_fn(
            move |n: usize| {
                let _ = receivers[n].lock().unwrap().recv();
                n
            },
            0..3,
        )
        .unwrap();
    senders.into_iter().rev().for_each(drop);
    assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2]);
}

// Python's `map` takes several inputs. Here the caller zips them, which stops at the shortest.
#[test]
fn several_inputs_are_zipped() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let powers = executor.map_fn(|(n, e)| i32::pow(n, e), [2, 3, 4].into_iter().zip([5, 2]));
    let powers: Vec<_> = powers.unwrap().map(Result::unwrap).collect();
    assert_eq!(powers, [32, 9]);
}

#[test]
fn chunks_of_any_size_give_the_same_results() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    for size in [1, 4, 10, 11, 100] {
        let chunked = executor.map_fn_with(MapOptions::new().chunks(size), |n| n * n, 0..10);
        let squares: Vec<_> = chunked.unwrap().map(Result::unwrap).collect();
        assert_eq!(
            squares,
            (0..10).map(|n| n * n).collect::<Vec<_>>(),
            "{size}"
        );
    }
    let none = executor.map_fn_with(MapOptions::new().chunks(0), |n: i32| n, 0..10);
    assert!(matches!(none, Err(SubmitError::InvalidMapOptions)));
    let none = executor.map_fn_with(MapOptions::new().buffered(0), |n: i32| n, 0..10);
    let message = none.unwrap_err().to_string();
    assert_eq!(
        message,
        "the chunk size and the buffer size must be at least 1"
    );
}

#[test]
fn the_first_failure_comes_at_its_position_and_ends_the_map() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    for options in [
        MapOptions::new(),
        MapOptions::new().chunks(3),
        MapOptions::new().buffered(2),
        MapOptions::new().chunks(10).buffered(1),
    ] {
        let call = |n: i32| {
            assert!(n != 4 && n != 6, "not {n}");
            n
        };
        let mut results = executor.map_fn_with(options, call, 0..10).unwrap();
        let before: Vec<_> = results.by_ref().take(4).map(Result::unwrap).collect();
        assert_eq!(before, [0, 1, 2, 3], "{options:?}");
        let failure = results.next().unwrap().unwrap_err();
        let MapError::Task(TaskError::Panicked { message, .. }) = failure else {
            panic!("{failure}");
        };
        assert_eq!(message, "not 4");
        assert!(results.next().is_none() && results.next().is_none());
    }
}

#[test]
fn a_call_that_returns_an_error_can_end_the_map_as_well() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let words = ["1", "2", "three", "4"];
    let mut numbers = executor
        .map_fn(str::parse::<i32>, words)
        .unwrap()
        .fallible();
    assert_eq!(numbers.next().unwrap().unwrap(), 1);
    assert_eq!(numbers.next().unwrap().unwrap(), 2);
    let failure = numbers.next().unwrap().unwrap_err();
    let MapError::Task(TaskError::Failed(failure)) = failure else {
        panic!("{failure}");
    };
    assert_eq!(failure.to_string(), "invalid digit found in string");
    assert!(numbers.next().is_none());
}

#[test]
fn results_ready_in_time_come_first_then_one_timeout() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let (continue_sender, continued) = channel::<()>();
    let continued = Mutex::new(continued);
    let hold_two = move |n| {
        if n == 2 {
            let _ = continued.lock().unwrap().recv();
        }
        n
    };
    let results = executor.map_fn(hold_two, 0..3).unwrap();
    // The first two are done when a task that was queued after them is done.
    executor.submit(|| ()).unwrap().result().unwrap();
    let mut results = results.timeout(Duration::ZERO);
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert_eq!(results.next().unwrap().unwrap(), 1);
    assert!(matches!(results.next(), Some(Err(MapError::TimedOut))));
    assert!(results.next().is_none());
    drop(continue_sender);
}

/// A pool whose only worker is blocked by a gate, and a map on it that counts its calls.
macro_rules! held_map {
    ($executor:ident, $gate:ident, $calls:ident, $results:ident) => {
        let ($executor, $gate) = busy_pool();
        let $calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&$calls);
        let $results = $executor
            .map_fn(move |_| counted.fetch_add(1, Ordering::SeqCst), 0..3)
            .unwrap();
    };
}

#[test]
fn after_a_timeout_on_the_first_result_no_call_starts() {
    held_map!(executor, gate, calls, results);
    let mut results = results.timeout(Duration::ZERO);
    assert!(matches!(results.next(), Some(Err(MapError::TimedOut))));
    gate.open();
    drop(executor);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn after_a_failure_no_further_call_starts() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (continue_sender, continued) = channel::<()>();
    let (start_sender, started) = channel();
    let (calls, continued) = (Arc::new(AtomicUsize::new(0)), Mutex::new(continued));
    let counted = Arc::clone(&calls);
    let call = move |n| {
        counted.fetch_add(1, Ordering::SeqCst);
        assert_ne!(n, 0, "on purpose");
        start_sender.send(()).unwrap();
        let _ = continued.lock().unwrap().recv();
    };
    let mut results = executor.map_fn(call, 0..5).unwrap();
    started.recv().unwrap();
    assert!(results.next().unwrap().is_err());
    drop(continue_sender);
    drop(executor);
    assert_eq!(
        calls.load(Ordering::SeqCst),
        2,
        "the second call had started"
    );
}

#[test]
fn dropping_a_map_before_its_first_result_cancels_nothing() {
    held_map!(executor, gate, calls, results);
    drop(results);
    gate.open();
    drop(executor);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[test]
fn dropping_a_map_halfway_cancels_calls_that_have_not_started() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let mut results = executor.map_fn(|n| n, 0..1).unwrap();
    assert_eq!(results.next().unwrap().unwrap(), 0);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let (continue_sender, continued) = channel::<()>();
    let (start_sender, started) = channel();
    let continued = Mutex::new(continued);
    let call = move |n| {
        counted.fetch_add(1, Ordering::SeqCst);
        if n == 1 {
            start_sender.send(()).unwrap();
            let _ = continued.lock().unwrap().recv();
        }
    };
    let mut results = executor.map_fn(call, 0..10).unwrap();
    results.next().unwrap().unwrap();
    started.recv().unwrap();
    drop(results);
    drop(continue_sender);
    drop(executor);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn a_map_keeps_no_result_that_it_has_yielded() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let alive = Arc::new(());
    let items = [(); 3].map(|()| Arc::clone(&alive));
    let mut results = executor.map_fn(|item| item, items).unwrap();
    executor.shutdown(Shutdown::wait());
    for left in [3, 2, 1] {
        assert_eq!(Arc::strong_count(&alive), 1 + left);
        drop(results.next());
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_buffered_map_takes_no_more_of_its_input_than_its_buffer_holds() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    for (chunk, buffer) in [(1, 3), (5, 1), (5, 3)] {
        let taken = AtomicUsize::new(0);
        let endless = std::iter::repeat_with(|| taken.fetch_add(1, Ordering::SeqCst));
        let options = MapOptions::new().chunks(chunk).buffered(buffer);
        let mut results = executor.map_fn_with(options, |n| n, endless).unwrap();
        assert_eq!(taken.load(Ordering::SeqCst), chunk * buffer);
        for n in 0..1000 {
            assert_eq!(results.next().unwrap().unwrap(), n);
            let handed_in = taken.load(Ordering::SeqCst);
            assert!(
                handed_in <= n + 1 + chunk * buffer + chunk,
                "{handed_in} at {n}"
            );
        }
    }
}

#[test]
fn a_buffered_map_ends_with_its_input() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    for buffer in [1, 9, 10, 11] {
        let options = MapOptions::new().buffered(buffer);
        let results = executor.map_fn_with(options, |n| n, 0..10).unwrap();
        assert_eq!(results.map(Result::unwrap).sum::<i32>(), 45);
    }
}

#[test]
fn a_buffered_map_after_shutdown_yields_queued_results_then_the_error() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let options = MapOptions::new().buffered(2);
    let mut results = executor.map_fn_with(options, |n| n, 0..).unwrap();
    executor.shutdown(Shutdown::wait());
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert_eq!(results.next().unwrap().unwrap(), 1);
    let error = results.next().unwrap().unwrap_err();
    assert!(matches!(error, MapError::Submit(SubmitError::ShutDown)));
    assert!(results.next().is_none());
}

#[test]
fn a_map_outlives_its_executor() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let results = executor.map_fn(|n| n + 1, 0..3).unwrap();
    drop(executor);
    assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3]);
}

struct Parse(&'static str);

impl Task for Parse {
    type Output = Result<i32, std::num::ParseIntError>;
    const NAME: &'static str = "parse";

    fn run(self) -> Self::Output {
        self.0.parse()
    }
}

#[test]
fn a_program_can_choose_its_executor_at_run_time() {
    fn program(executor: &dyn Executor<Parse>) -> Vec<i32> {
        assert_eq!(executor.submit(Parse("6")).unwrap().result(), Ok(&Ok(6)));
        assert_eq!(executor.try_submit(Parse("7")).unwrap().result(), Ok(&7));
        let bad = executor.try_submit(Parse("seven")).unwrap();
        assert!(matches!(bad.error(), Some(TaskError::Failed(_))));
        let words = ["1", "2", "3"].map(Parse);
        let options = MapOptions::new().chunks(2).buffered(1);
        let numbers = executor.map_with(options, words).unwrap();
        numbers.fallible().map(Result::unwrap).collect()
    }

    let executor: Box<dyn Executor<Parse>> = Box::new(ThreadPoolExecutor::new(2).unwrap());
    assert_eq!(program(&*executor), [1, 2, 3]);
    ThreadPoolExecutor::scope(|executor| assert_eq!(program(executor), [1, 2, 3]));
    let numbers = executor.map(["8", "9"].map(Parse)).unwrap().fallible();
    assert_eq!(numbers.map(Result::unwrap).sum::<i32>(), 17);
    executor.shutdown(Shutdown::wait());
    assert!(matches!(
        executor.submit(Parse("6")),
        Err(SubmitError::ShutDown)
    ));
}

#[test]
fn the_error_of_a_call_is_never_the_timeout_of_the_map() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let call = |n| match n {
        1 => Err(io::Error::from(io::ErrorKind::TimedOut)),
        _ => Ok(n),
    };
    // The second one is unlimited.
    for limit in [Duration::from_secs(600), Duration::MAX] {
        let results = executor.map_fn(call, 0..4).unwrap().timeout(limit);
        let mut results = results.fallible();
        assert_eq!(results.next().unwrap().unwrap(), 0);
        let failure = results.next().unwrap().unwrap_err();
        let MapError::Task(TaskError::Failed(failure)) = failure else {
            panic!("{failure}");
        };
        let cause = failure.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::TimedOut);
        assert!(results.next().is_none());
    }
}
