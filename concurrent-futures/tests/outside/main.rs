//! An executor of another crate behaves as the pools of this one: the same tests on each, through the trait.
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod map;
mod own;
mod tasks;

use std::collections::HashSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use concurrent_futures::{
    BrokenError, Executor, Future, Shutdown, SubmitError, TaskError, ThreadPoolExecutor,
    as_completed,
};

use own::OwnExecutor;
use tasks::{Half, Picky, Square};

/// An executor of all tasks of this file.
trait Pool: Executor<Square> + Executor<Half> + Executor<Picky> {}

impl<P: Executor<Square> + Executor<Half> + Executor<Picky>> Pool for P {}

/// Longer than any test takes, unless it hangs.
const WATCHDOG: Duration = Duration::from_secs(120);

/// Tests an executor of this crate, a pool of threads and a pool of processes. Aborts a test that hangs.
fn on_all(test: impl Fn(&dyn Pool)) {
    let (_ends, ended) = channel::<()>();
    thread::spawn(move || {
        if ended.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
            eprintln!("still not done after {WATCHDOG:?}");
            std::process::abort();
        }
    });
    test(&OwnExecutor::new(2));
    test(&ThreadPoolExecutor::new(2).unwrap());
    #[cfg(all(unix, feature = "processes"))]
    test(&tasks::process_pool());
}

/// A task that cannot leave its process.
type Closure = Box<dyn FnOnce() -> i64 + Send>;

fn returns(n: i64) -> Closure {
    Box::new(move || n)
}

/// Tests an executor of this crate and a pool of threads, each with one worker.
fn on_one_thread(test: impl Fn(Box<dyn Executor<Closure>>)) {
    test(Box::new(OwnExecutor::new(1)));
    test(Box::new(ThreadPoolExecutor::new(1).unwrap()));
}

#[test]
fn submit_returns_the_value() {
    on_all(|pool| {
        let futures: Vec<_> = (0..10).map(|n| pool.submit(Square(n)).unwrap()).collect();
        for (n, future) in (0..).zip(&futures) {
            assert_eq!(future.result(), Ok(&(n * n)));
        }
        let values = as_completed(futures).map(|future| *future.result().unwrap());
        assert_eq!(values.sum::<i64>(), 285);
    });
}

#[test]
fn as_completed_yields_futures_of_a_pool_and_those_that_had_any_outcome_before() {
    on_all(|pool| {
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
}

#[test]
fn the_error_of_a_task_that_may_fail_is_that_of_its_future() {
    on_all(|pool| {
        assert_eq!(pool.try_submit(Half(8)).unwrap().result(), Ok(&4));
        let odd = pool.try_submit(Half(7)).unwrap();
        let Some(TaskError::Failed(failure)) = odd.error() else {
            panic!("{odd:?}")
        };
        assert_eq!(failure.to_string(), "7 is odd");
    });
}

#[test]
fn a_shutdown_that_waits_finishes_what_is_queued_and_refuses_the_rest() {
    on_all(|pool| {
        let futures: Vec<_> = (0..50).map(|n| pool.submit(Square(n)).unwrap()).collect();
        Executor::<Square>::shutdown(pool, Shutdown::wait());
        assert!(futures.iter().all(|future| future.result().is_ok()));
        let refused = pool.submit(Square(1));
        assert!(matches!(refused, Err(SubmitError::ShutDown)));
        Executor::<Square>::shutdown(pool, Shutdown::wait().cancel_pending());
    });
}

/// Occupies the one worker of `pool` until the sender is dropped.
fn hold(pool: &dyn Executor<Closure>) -> (Future<i64>, Sender<()>) {
    let (begins, begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let held: Closure = Box::new(move || {
        begins.send(()).unwrap();
        may_go_on.recv().map_or(42, |()| 0)
    });
    let running = pool.submit(held).unwrap();
    begun.recv().unwrap();
    (running, go_on)
}

#[test]
fn a_task_that_has_not_begun_can_be_cancelled() {
    on_one_thread(|pool| {
        let (running, go_on) = hold(&*pool);
        let [first, second] = [1, 2].map(|n| pool.submit(returns(n)).unwrap());
        assert!(!running.cancel() && first.cancel());
        drop(go_on);
        let results = [running, first, second].map(|future| future.result().copied().ok());
        assert_eq!(results, [Some(42), None, Some(2)]);
    });
}

#[test]
fn a_shutdown_can_cancel_what_has_not_begun() {
    on_one_thread(|pool| {
        let (running, go_on) = hold(&*pool);
        let queued = pool.submit(returns(7)).unwrap();
        let (report, reported) = channel();
        queued.add_done_callback(move |future| report.send(future.cancelled()).unwrap());
        pool.shutdown(Shutdown::no_wait().cancel_pending());
        assert!(queued.cancelled() && reported.try_recv().unwrap());
        drop(go_on);
        assert_eq!(running.result(), Ok(&42));
    });
}

#[test]
fn dropping_the_executor_waits_for_its_tasks() {
    on_one_thread(|pool| {
        let futures: Vec<_> = (0..50).map(|n| pool.submit(returns(n)).unwrap()).collect();
        drop(pool);
        assert!(futures.iter().all(Future::done));
    });
}

#[test]
fn an_executor_of_another_crate_can_report_every_failure() {
    let reported = |error: TaskError| {
        let (promise, future) = Future::<()>::pair();
        promise.set(Err(error));
        future.error().unwrap().clone()
    };
    let panicked = reported(TaskError::panicked("no such flag"));
    assert!(
        matches!(panicked, TaskError::Panicked { message, backtrace: None, .. } if message == "no such flag")
    );
    let encode = reported(TaskError::encode("too long"));
    assert!(matches!(encode, TaskError::Encode { message, .. } if message == "too long"));
    let decode = reported(TaskError::decode("cut off"));
    assert!(matches!(decode, TaskError::Decode { message, .. } if message == "cut off"));

    let broken = reported(TaskError::Broken(BrokenError::initializer("no licence")));
    let TaskError::Broken(broken) = broken else {
        panic!("{broken:?}")
    };
    assert_eq!(
        broken.to_string(),
        "the pool's initializer failed: no licence"
    );
    let broken = BrokenError::no_worker("no memory");
    assert_eq!(
        broken.to_string(),
        "no worker process could be started: no memory"
    );
    let status = std::process::ExitStatus::default();
    let broken = BrokenError::worker(7, Some(status));
    assert_eq!(
        broken.to_string(),
        format!("the worker process 7 ended: {status}")
    );
}
