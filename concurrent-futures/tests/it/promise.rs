//! Futures without an executor: every way to settle one, combined with every way to wait for it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use concurrent_futures::{BrokenError, Future, Promise, TaskError, as_completed};
use futures_core::Stream;

use crate::support::still_waits;

fn failed() -> TaskError {
    TaskError::failed("no such flag")
}

type Settle = fn(Promise<i32>, &Future<i32>);

/// Returns all the ways to settle a future.
fn ways() -> [Settle; 4] {
    [
        |promise, _| promise.set(Ok(42)),
        |promise, _| promise.set(Err(failed())),
        |_promise, future| assert!(future.cancel()),
        |promise, _| drop(promise),
    ]
}

#[test]
fn a_timeout_of_zero_returns_the_current_state() {
    let now = Duration::ZERO;
    let (promise, future) = Future::pair();
    let message = future.result_timeout(now).unwrap_err().to_string();
    assert_eq!(message, "timed out waiting for the task");
    assert!(promise.begin());
    assert!(future.result_timeout(now).is_err() && future.error_timeout(now).is_err());
    promise.set(Ok(42));
    for _ in 0..2 {
        assert_eq!(future.result_timeout(now), Ok(Ok(&42)));
        assert_eq!(future.error_timeout(now), Ok(None));
    }

    let (_promise, cancelled) = Future::<i32>::pair();
    cancelled.cancel();
    assert_eq!(
        cancelled.result_timeout(now),
        Ok(Err(&TaskError::Cancelled))
    );
    assert_eq!(cancelled.error(), Some(&TaskError::Cancelled));

    let (promise, bad) = Future::<i32>::pair();
    let error = failed();
    promise.set(Err(error.clone()));
    assert_eq!(bad.result_timeout(now), Ok(Err(&error)));
    assert_eq!(bad.error_timeout(now), Ok(Some(&error)));
    assert_eq!(bad.error(), Some(&error));
}

#[test]
fn a_timeout_beyond_the_range_of_the_clock_is_unlimited() {
    let (promise, future) = Future::pair();
    promise.set(Ok(42));
    assert_eq!(future.result_timeout(Duration::MAX), Ok(Ok(&42)));
}

#[test]
fn a_waiting_thread_wakes_however_the_future_is_settled() {
    for settle in ways() {
        // From immediately to late enough that the other thread really sleeps.
        for round in 0..300 {
            let (promise, future) = Future::pair();
            thread::scope(|scope| {
                let (start_sender, started) = channel();
                let (sender, receiver) = channel();
                let waiting = future.clone();
                scope.spawn(move || {
                    start_sender.send(()).unwrap();
                    sender.send(waiting.result().is_ok()).unwrap();
                });
                started.recv().unwrap();
                assert!(still_waits(&receiver, Duration::from_micros(round)));
                settle(promise, &future);
                assert_eq!(receiver.recv().unwrap(), future.result().is_ok());
            });
        }
    }
}

#[test]
fn a_callback_runs_exactly_once_however_the_future_is_settled() {
    for settle in ways() {
        for _ in 0..500 {
            let (promise, future) = Future::pair();
            let (sender, receiver) = channel();
            thread::scope(|scope| {
                scope.spawn(|| settle(promise, &future));
                future.add_done_callback(move |future| sender.send(future.done()).unwrap());
            });
            assert_eq!(receiver.iter().collect::<Vec<_>>(), [true]);
        }
    }
}

#[test]
fn exactly_one_of_cancelling_and_starting_succeeds() {
    for _ in 0..1000 {
        let (promise, future) = Future::<i32>::pair();
        let together = Barrier::new(2);
        thread::scope(|scope| {
            let cancels = scope.spawn(|| {
                together.wait();
                future.cancel()
            });
            together.wait();
            let started = promise.begin();
            assert_ne!(started, cancels.join().unwrap());
        });
    }
}

// A second value cannot be set, because `set` consumes the promise. The remaining case is a future that is already
// cancelled.
#[test]
fn a_cancelled_future_takes_no_value() {
    let (promise, future) = Future::pair();
    assert!(future.cancel());
    promise.set(Ok(42));
    assert_eq!(future.result(), Err(&TaskError::Cancelled));
}

#[test]
fn dropping_a_promise_breaks_its_future_whether_started_or_not() {
    for started in [false, true] {
        let (promise, future) = Future::<i32>::pair();
        assert!(!started || promise.begin());
        drop(promise);
        let broken = TaskError::Broken(BrokenError::Abandoned);
        assert_eq!(future.result(), Err(&broken));
        assert!(!future.cancel() && future.done() && !future.running());
    }
}

#[test]
fn debug_names_the_state_and_the_failure() {
    let (promise, future) = Future::pair();
    let mut texts = vec![format!("{future:?}")];
    promise.begin();
    texts.push(format!("{future:?}"));
    promise.set(Ok(42));
    texts.push(format!("{future:?}"));
    let (_promise, future) = Future::<i32>::pair();
    future.cancel();
    texts.push(format!("{future:?}"));
    let (promise, future) = Future::<i32>::pair();
    promise.set(Err(failed()));
    texts.push(format!("{future:?}"));
    let expected = "pending, running, finished, cancelled, finished: the task failed: no such flag";
    let expected: Vec<_> = expected
        .split(", ")
        .map(|state| format!("Future({state})"))
        .collect();
    assert_eq!(texts, expected);
}

#[test]
fn the_only_handle_takes_the_value_out_while_the_promise_is_being_dropped() {
    struct NotClone(usize);
    for n in 0..2000 {
        let (promise, future) = Future::pair();
        thread::scope(|scope| {
            scope.spawn(move || promise.set(Ok(NotClone(n))));
            let value = future.into_result().expect("the only handle").unwrap();
            assert_eq!(value.0, n);
        });
    }
}

#[test]
fn taking_a_value_needs_the_only_handle_but_taking_an_error_does_not() {
    let (promise, future) = Future::pair();
    promise.set(Ok(42));
    let other = future.clone();
    let future = future.into_result().unwrap_err();
    assert_eq!(future, other);
    drop(other);
    assert_eq!(future.into_result().unwrap(), Ok(42));

    // The promise of a cancelled future may still be in a queue.
    let (_promise, future) = Future::<i32>::pair();
    future.cancel();
    assert_eq!(
        future.clone().into_result().unwrap(),
        Err(TaskError::Cancelled)
    );
}

/// A waker that does nothing, but is counted while it exists.
struct Count {
    _alive: Arc<()>,
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {}
}

/// Polls once, with a waker that `alive` counts.
fn poll<F: std::future::Future + Unpin>(awaited: &mut F, alive: &Arc<()>) -> Option<F::Output> {
    let waker = Waker::from(Arc::new(Count {
        _alive: Arc::clone(alive),
    }));
    match Pin::new(awaited).poll(&mut Context::from_waker(&waker)) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

/// Blocks this thread until `awaited` is ready.
fn block_on<F: IntoFuture>(awaited: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut awaited = std::pin::pin!(awaited.into_future());
    loop {
        match awaited.as_mut().poll(&mut Context::from_waker(&waker)) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_future_can_be_awaited_however_it_is_settled() {
    for settle in ways() {
        for _ in 0..300 {
            let (promise, future) = Future::pair();
            thread::scope(|scope| {
                scope.spawn(|| settle(promise, &future));
                let lent = block_on(&future).copied();
                assert_eq!(lent, future.result().copied());
            });
            let lent = future.result().copied().map_err(Clone::clone);
            assert_eq!(block_on(future), lent);
        }
    }
}

#[test]
fn awaiting_takes_the_value_or_a_clone_if_there_are_other_handles() {
    let (promise, future) = Future::pair();
    promise.set(Ok(String::from("BR")));
    let address = future.result().unwrap().as_ptr();
    let other = future.clone();
    let (clone, value) = (block_on(future).unwrap(), block_on(other).unwrap());
    assert_ne!(clone.as_ptr(), address);
    assert_eq!(value.as_ptr(), address);
}

#[test]
fn awaiting_the_only_handle_gives_a_value_that_cannot_be_cloned() {
    #[derive(Debug, PartialEq)]
    struct NotClone(i32);
    for _ in 0..300 {
        let (promise, future) = Future::pair();
        thread::scope(|scope| {
            scope.spawn(move || promise.set(Ok(NotClone(42))));
            let outcome = block_on(future.into_result_async()).expect("the only handle");
            assert_eq!(outcome, Ok(NotClone(42)));
        });
    }

    let (promise, future) = Future::pair();
    promise.set(Ok(NotClone(42)));
    let other = future.clone();
    let future = block_on(future.into_result_async()).unwrap_err();
    assert_eq!(future, other);
    drop(other);
    let outcome = block_on(future.into_result_async()).expect("the only handle now");
    assert_eq!(outcome, Ok(NotClone(42)));

    let (_promise, future) = Future::<NotClone>::pair();
    future.cancel();
    let outcome = block_on(future.clone().into_result_async()).expect("an error is cloned");
    assert_eq!(outcome, Err(TaskError::Cancelled));
}

#[test]
fn a_dropped_await_releases_its_waker() {
    let alive = Arc::new(());
    let (promise, future) = Future::pair();
    let (mut one, mut two) = ((&future).into_future(), future.clone().into_future());
    for _ in 0..10 {
        assert!(poll(&mut one, &alive).is_none() && poll(&mut two, &alive).is_none());
    }
    assert_eq!(Arc::strong_count(&alive), 3, "the newest waker of each");
    drop(one);
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(two);
    assert_eq!(Arc::strong_count(&alive), 1);
    promise.set(Ok(42));
}

#[test]
fn a_stream_that_is_dropped_no_longer_holds_its_waker() {
    let alive = Arc::new(());
    let (promise, future) = Future::<i32>::pair();
    let mut done = as_completed([future]).into_stream();
    for _ in 0..10 {
        let mut next = poll_fn(|context| Pin::new(&mut done).poll_next(context));
        assert!(poll(&mut next, &alive).is_none());
    }
    assert_eq!(Arc::strong_count(&alive), 2, "the newest waker");
    drop(done);
    assert_eq!(Arc::strong_count(&alive), 1);
    promise.set(Ok(42));
}

#[test]
fn a_waker_that_panics_does_not_stop_the_others() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose, in a waker");
        }
    }
    let (promise, future) = Future::pair();
    let mut awaited = (&future).into_future();
    let waker = Waker::from(Arc::new(Panics));
    let first = std::future::Future::poll(Pin::new(&mut awaited), &mut Context::from_waker(&waker));
    assert!(first.is_pending());
    let (sender, receiver) = channel();
    future.add_done_callback(move |_| sender.send(()).unwrap());
    let set = catch_unwind(AssertUnwindSafe(|| promise.set(Ok(42))));
    assert!(set.is_ok());
    receiver.try_recv().unwrap();
}

#[test]
fn a_future_answers_every_question_in_every_state() {
    let (_open, pending) = Future::<i32>::pair();
    let (begun, running) = Future::<i32>::pair();
    assert!(begun.begin());
    let (_never_begun, cancelled) = Future::<i32>::pair();
    assert!(cancelled.cancel());
    let (promise, finished) = Future::<i32>::pair();
    promise.set(Ok(42));
    let (promise, bad) = Future::<i32>::pair();
    promise.set(Err(failed()));

    let futures = [&pending, &running, &cancelled, &finished, &bad];
    let answers = futures.map(|future| (future.running(), future.done(), future.cancelled()));
    let expected = [
        (false, false, false),
        (true, false, false),
        (false, true, true),
        (false, true, false),
        (false, true, false),
    ];
    assert_eq!(answers, expected);
    // Last, because it settles the pending one.
    let cancels = futures.map(Future::cancel);
    assert_eq!(cancels, [true, false, true, false, false]);
    assert!(pending.cancelled() && running.running());
    assert!(!finished.cancelled() && !bad.cancelled());
}

#[test]
fn the_callback_of_a_promise_runs_only_if_the_task_is_cancelled() {
    let (sender, called) = channel();
    let register = |promise: &Promise<i32>, name| {
        let sender = sender.clone();
        promise.on_cancel(move || sender.send(name).unwrap());
    };
    let (promise, future) = Future::pair();
    register(&promise, "cancelled later");
    assert!(called.try_recv().is_err());
    assert!(future.cancel());
    assert_eq!(called.try_recv(), Ok("cancelled later"));
    register(&promise, "cancelled before");
    assert_eq!(called.try_recv(), Ok("cancelled before"));

    let (promise, future) = Future::pair();
    register(&promise, "finished");
    promise.set(Ok(42));
    assert_eq!(future.into_result().unwrap(), Ok(42), "it holds no handle");
    assert!(called.try_recv().is_err());
}
