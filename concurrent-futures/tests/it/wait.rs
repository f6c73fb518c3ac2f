//! Waiting for many futures: for the first, for the first failure, for all, and in order of completion.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures::{
    Future, Promise, ReturnWhen, TaskError, ThreadPoolExecutor, as_completed, wait,
};

const NOW: Option<Duration> = Some(Duration::ZERO);

fn open<const N: usize>() -> ([Promise<i32>; N], [Future<i32>; N]) {
    let pairs = [(); N].map(|()| Future::pair());
    let futures = pairs.each_ref().map(|(_, future)| future.clone());
    (pairs.map(|(promise, _)| promise), futures)
}

#[test]
fn all_completed_counts_values_failures_and_cancelled_ones() {
    let ([value, fails, cancels], futures) = open();
    futures[2].cancel();
    thread::scope(|scope| {
        scope.spawn(|| {
            value.set(Ok(42));
            fails.set(Err(TaskError::failed("no such flag")));
        });
        let waited = wait(futures.clone(), None, ReturnWhen::AllCompleted);
        assert_eq!(waited.done, futures);
        assert!(waited.not_done.is_empty());
    });
    drop(cancels);
}

#[test]
fn first_completed_returns_when_one_is_done_and_lists_the_rest() {
    let ([one, two], futures) = open();
    thread::scope(|scope| {
        scope.spawn(|| two.set(Ok(42)));
        let waited = wait(futures.clone(), None, ReturnWhen::FirstCompleted);
        assert_eq!(waited.done, [futures[1].clone()]);
        assert_eq!(waited.not_done, [futures[0].clone()]);
    });
    let again = wait(futures.clone(), None, ReturnWhen::FirstCompleted);
    assert_eq!(again.done.len(), 1, "a future that is already done counts");
    drop(one);
}

#[test]
fn first_exception_ignores_values_and_cancelled_futures_and_waits_for_a_failure() {
    let ([value, cancels, fails, open_one], futures) = open();
    let patient = futures.clone();
    let waits = thread::spawn(move || wait(patient, None, ReturnWhen::FirstException));
    value.set(Ok(42));
    futures[1].cancel();
    let so_far = wait(futures.clone(), NOW, ReturnWhen::FirstException);
    assert_eq!((so_far.done.len(), so_far.not_done.len()), (2, 2));
    fails.set(Err(TaskError::failed("no such flag")));
    let waited = waits.join().unwrap();
    assert_eq!(waited.done, futures[..3]);
    assert_eq!(waited.not_done, futures[3..]);
    let again = wait(futures.clone(), None, ReturnWhen::FirstException);
    assert_eq!(again.done.len(), 3, "an earlier failure counts");
    drop((cancels, open_one));
}

#[test]
fn first_exception_waits_for_all_if_none_fails() {
    let (promises, futures) = open::<3>();
    thread::scope(|scope| {
        scope.spawn(|| promises.map(|promise| promise.set(Ok(42))));
        let waited = wait(futures.clone(), None, ReturnWhen::FirstException);
        assert_eq!(waited.done.len(), 3);
    });
}

#[test]
fn a_wait_that_times_out_returns_what_is_done() {
    let ([one, two], futures) = open();
    one.set(Ok(42));
    let waited = wait(futures.clone(), NOW, ReturnWhen::AllCompleted);
    assert_eq!(waited.done, futures[..1]);
    assert_eq!(waited.not_done, futures[1..]);
    drop(two);
}

#[test]
fn a_future_given_twice_counts_once() {
    let ([one, two], [first, second]) = open();
    one.set(Ok(42));
    let given = [&first, &second, &first, &second].map(Clone::clone);
    let waited = wait(given, NOW, ReturnWhen::AllCompleted);
    assert_eq!((waited.done, waited.not_done), (vec![first], vec![second]));
    drop(two);
}

#[test]
fn waiting_for_nothing_returns_at_once() {
    for when in [
        ReturnWhen::FirstCompleted,
        ReturnWhen::FirstException,
        ReturnWhen::AllCompleted,
    ] {
        let waited = wait(Vec::<Future<i32>>::new(), None, when);
        assert!(waited.done.is_empty() && waited.not_done.is_empty());
    }
}

#[test]
fn no_wake_up_is_lost_when_a_hundred_finish_while_a_wait_begins() {
    let executor = ThreadPoolExecutor::new(4).unwrap();
    for _ in 0..50 {
        let futures: Vec<_> = (0..100)
            .map(|n| executor.submit(move || n).unwrap())
            .collect();
        let waited = wait(futures, None, ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.not_done.len()), (100, 0));
    }
}

#[test]
fn as_completed_that_times_out_yields_what_is_done_then_one_error() {
    let ([one, two, three, four], futures) = open();
    three.set(Ok(3));
    let mut done = as_completed(futures.clone()).timeout(Duration::ZERO);
    one.set(Ok(1));
    assert_eq!(done.next().unwrap().unwrap(), futures[2]);
    assert_eq!(done.next().unwrap().unwrap(), futures[0]);
    let error = done.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "2 (of 4) futures unfinished");
    assert!(done.next().is_none());
    drop((two, four));
}

#[test]
fn as_completed_within_its_timeout_yields_no_error() {
    let (promises, futures) = open::<3>();
    let done = as_completed(futures).timeout(Duration::from_secs(600));
    for promise in promises {
        promise.set(Ok(42));
    }
    assert_eq!(done.map(Result::unwrap).count(), 3);
}

#[test]
fn dropping_as_completed_releases_all_results() {
    let alive = Arc::new(());
    let (early, first) = Future::pair();
    let (late, second) = Future::pair();
    let done = as_completed([first, second]);
    early.set(Ok(Arc::clone(&alive)));
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(done);
    assert_eq!(
        Arc::strong_count(&alive),
        1,
        "a result that was ready to be yielded"
    );
    late.set(Ok(Arc::clone(&alive)));
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn as_completed_yields_the_only_handle() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let futures: Vec<_> = (0..1000)
        .map(|n| executor.submit(move || n).unwrap())
        .collect();
    let values = as_completed(futures).map(|f| f.into_result().expect("the only handle").unwrap());
    assert_eq!(values.sum::<i32>(), 499_500);
}

#[test]
fn as_completed_waits_for_its_timeout_before_it_yields_the_error() {
    let limit = Duration::from_millis(20);
    let ([one, two], futures) = open();
    one.set(Ok(1));
    let begin = Instant::now();
    let mut done = as_completed(futures.clone()).timeout(limit);
    assert_eq!(done.next().unwrap().unwrap(), futures[0]);
    let error = done.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "1 (of 2) futures unfinished");
    assert!(begin.elapsed() >= limit);
    assert!(done.next().is_none());
    drop(two);
}

#[test]
fn a_wait_returns_what_is_done_when_its_timeout_has_passed() {
    let limit = Duration::from_millis(20);
    let ([value, fails, cancels, open_one], futures) = open();
    value.set(Ok(42));
    fails.set(Err(TaskError::failed("no such flag")));
    futures[2].cancel();
    let begin = Instant::now();
    let waited = wait(futures.clone(), Some(limit), ReturnWhen::AllCompleted);
    assert!(begin.elapsed() >= limit);
    assert_eq!(waited.done, futures[..3]);
    assert_eq!(waited.not_done, futures[3..]);

    let begin = Instant::now();
    assert!(futures[3].result_timeout(limit).is_err());
    assert!(begin.elapsed() >= limit);
    drop((cancels, open_one));
}
