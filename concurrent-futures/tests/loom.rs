//! The state machine under every interleaving of threads that cancel, start, add callbacks and wait.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test -p concurrent-futures --release --test loom`
#![cfg(loom)]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use concurrent_futures::{BrokenError, Future, Promise, ReturnWhen, TaskError, as_completed, wait};
use futures_core::Stream;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Runs the task as a worker does. Returns whether it started, and so was not cancelled.
fn work(promise: Promise<i32>) -> bool {
    let started = promise.begin();
    if started {
        promise.set(Ok(42));
    }
    started
}

/// Starts two workers. Returns them with the futures of their tasks.
fn two_in_work() -> (Vec<thread::JoinHandle<bool>>, Vec<Future<i32>>) {
    let (promises, futures): (Vec<_>, Vec<_>) = (0..2).map(|_| Future::pair()).unzip();
    let start = |promise| thread::spawn(move || work(promise));
    (promises.into_iter().map(start).collect(), futures)
}

#[test]
fn either_the_task_starts_or_it_is_cancelled() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let worker = thread::spawn(move || work(promise));
        let cancelled = future.cancel();
        let outcome = future.result().copied().map_err(Clone::clone);
        let started = worker.join().unwrap();
        assert_ne!(started, cancelled);
        assert_eq!(outcome.is_ok(), started);
        assert_eq!(future.cancelled(), cancelled);
    });
}

#[test]
fn concurrent_cancels_agree_and_the_callback_runs_once() {
    loom::model(|| {
        let (promise, future) = Future::<i32>::pair();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        future.add_done_callback(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let other = future.clone();
        let cancels = thread::spawn(move || other.cancel());
        let worker = thread::spawn(move || work(promise));
        let cancelled = future.cancel();
        let other = cancels.join().unwrap();
        let started = worker.join().unwrap();
        // Unless the task started, both calls return true: the later one sees that the future is already cancelled.
        assert_eq!((cancelled, other), (!started, !started));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_callback_added_while_the_future_settles_runs_exactly_once() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let worker = thread::spawn(move || work(promise));
        future.add_done_callback(move |future| {
            assert_eq!(future.result(), Ok(&42));
            counted.fetch_add(1, Ordering::SeqCst);
        });
        worker.join().unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn two_waiting_threads_both_wake() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let other = future.clone();
        let waits = thread::spawn(move || other.result().copied().ok());
        let worker = thread::spawn(move || work(promise));
        assert_eq!(future.result(), Ok(&42));
        assert_eq!(waits.join().unwrap(), Some(42));
        worker.join().unwrap();
    });
}

#[test]
fn a_waiting_thread_wakes_when_another_cancels() {
    loom::model(|| {
        let (promise, future) = Future::<i32>::pair();
        let other = future.clone();
        let cancels = thread::spawn(move || other.cancel());
        assert_eq!(future.result(), Err(&TaskError::Cancelled));
        assert!(cancels.join().unwrap());
        drop(promise);
    });
}

#[test]
fn a_waiting_thread_wakes_when_the_promise_is_dropped() {
    loom::model(|| {
        let (promise, future) = Future::<i32>::pair();
        let drops = thread::spawn(move || drop(promise));
        let broken = TaskError::Broken(BrokenError::Abandoned);
        assert_eq!(future.result(), Err(&broken));
        drops.join().unwrap();
    });
}

#[test]
fn the_only_handle_takes_the_value_out() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let worker = thread::spawn(move || work(promise));
        assert_eq!(future.into_result().unwrap(), Ok(42));
        worker.join().unwrap();
    });
}

#[test]
fn the_last_of_two_handles_takes_the_value_out() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let other = future.clone();
        let worker = thread::spawn(move || work(promise));
        let drops = thread::spawn(move || drop(other));
        // If the other handle is still there, this one comes back.
        let taken = future.into_result().unwrap_or_else(|future| {
            drops.join().unwrap();
            future.into_result().unwrap()
        });
        assert_eq!(taken, Ok(42));
        worker.join().unwrap();
    });
}

#[test]
fn a_future_that_as_completed_has_yielded_gives_its_value_to_one_of_two_handles() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let worker = thread::spawn(move || work(promise));
        let mut done = as_completed([future.clone()]);
        let yielded = done.next().unwrap();
        drop(yielded);
        assert_eq!(future.into_result().unwrap(), Ok(42));
        worker.join().unwrap();
    });
}

#[test]
fn dropping_the_promise_while_cancelling_settles_the_future_once() {
    loom::model(|| {
        let (promise, future) = Future::<i32>::pair();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        future.add_done_callback(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let drops = thread::spawn(move || drop(promise));
        let cancelled = future.cancel();
        drops.join().unwrap();
        assert_eq!(future.cancelled(), cancelled);
        assert!(future.error().is_some());
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn as_completed_yields_every_future() {
    loom::model(|| {
        let (workers, futures) = two_in_work();
        let values = as_completed(futures).map(|f| f.into_result().unwrap().unwrap());
        assert_eq!(values.sum::<i32>(), 84);
        assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
    });
}

#[test]
fn wait_sees_every_future_and_deregisters_itself() {
    for when in [ReturnWhen::FirstCompleted, ReturnWhen::AllCompleted] {
        loom::model(move || {
            let (promise, first) = Future::pair();
            let (other, second) = Future::<i32>::pair();
            let worker = thread::spawn(move || work(promise));
            let cancels = second.clone();
            let canceller = thread::spawn(move || cancels.cancel());
            let waited = wait([first, second], None, when);
            let least = if when == ReturnWhen::AllCompleted {
                2
            } else {
                1
            };
            assert!(waited.done.len() >= least);
            worker.join().unwrap();
            canceller.join().unwrap();
            drop(other);
        });
    }
}

#[test]
fn first_exception_ignores_a_cancelled_future_and_waits_for_the_failure() {
    loom::model(|| {
        let (held, first) = Future::<i32>::pair();
        let (promise, second) = Future::<i32>::pair();
        let (_open, third) = Future::pair();
        let (cancels, failed) = (first.clone(), second.clone());
        let worker = thread::spawn(move || {
            assert!(cancels.cancel());
            promise.set(Err(TaskError::failed("no such flag")));
        });
        let waited = wait([first, second, third], None, ReturnWhen::FirstException);
        assert!(waited.done.contains(&failed));
        worker.join().unwrap();
        drop(held);
    });
}

#[test]
fn an_awaiting_task_is_woken() {
    loom::model(|| {
        let (promise, future) = Future::pair();
        let worker = thread::spawn(move || work(promise));
        assert_eq!(loom::future::block_on((&future).into_future()), Ok(&42));
        assert_eq!(loom::future::block_on(future.into_future()), Ok(42));
        worker.join().unwrap();
    });
}

#[test]
fn a_stream_misses_none() {
    loom::model(|| {
        let (workers, futures) = two_in_work();
        let mut done = as_completed(futures).into_stream();
        let sum = loom::future::block_on(async {
            let mut sum = 0;
            while let Some(future) = poll_fn(|context| Pin::new(&mut done).poll_next(context)).await
            {
                sum += future.into_result().unwrap().unwrap();
            }
            sum
        });
        assert_eq!(sum, 84);
        assert!(workers.into_iter().all(|worker| worker.join().unwrap()));
    });
}
