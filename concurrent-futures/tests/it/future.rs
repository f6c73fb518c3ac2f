//! The future of one task in all its states, and many futures at once.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier};
use std::thread;

use concurrent_futures::{Future, Shutdown, TaskError, ThreadPoolExecutor, as_completed};

/// Returns a pool with one busy worker, the future of its task, and a sender whose drop ends the task.
fn busy_pool() -> (ThreadPoolExecutor, Future<()>, std::sync::mpsc::Sender<()>) {
    let executor = ThreadPoolExecutor::new(1).expect("one worker");
    let (start_sender, started) = channel();
    let (hold, held) = channel::<()>();
    let task = move || {
        let _ = start_sender.send(());
        let _ = held.recv();
    };
    let running = executor.submit(task).expect("a new pool takes tasks");
    started.recv().expect("the task runs");
    (executor, running, hold)
}

#[test]
fn a_future_is_pending_then_running_then_finished() {
    let (executor, running, hold) = busy_pool();
    let pending = executor.submit(|| 42).unwrap();
    assert!(!pending.running() && !pending.done() && !pending.cancelled());
    assert!(running.running() && !running.done() && !running.cancelled());
    assert_eq!(
        format!("{pending:?} {running:?}"),
        "Future(pending) Future(running)"
    );
    drop(hold);
    assert_eq!(pending.result(), Ok(&42));
    assert!(pending.done() && !pending.running());
    assert!(running.done() && !running.running());
    assert_eq!(format!("{pending:?}"), "Future(finished)");
}

#[test]
fn only_a_task_that_has_not_started_can_be_cancelled() {
    let (executor, running, hold) = busy_pool();
    let pending = executor.submit(|| 42).unwrap();
    assert!(!running.cancel());
    assert!(running.running());
    assert!(pending.cancel());
    assert!(pending.cancel(), "cancelling again succeeds");
    assert!(pending.cancelled() && pending.done() && !pending.running());
    assert_eq!(pending.result(), Err(&TaskError::Cancelled));
    assert_eq!(format!("{pending:?}"), "Future(cancelled)");
    drop(hold);
    assert_eq!(running.result(), Ok(&()));
    assert!(!running.cancel(), "finished");
}

#[test]
fn a_cancelled_task_never_runs() {
    let (executor, _running, hold) = busy_pool();
    let (sender, receiver) = channel::<()>();
    let future = executor.submit(move || sender.send(())).unwrap();
    assert!(future.cancel());
    drop(hold);
    executor.shutdown(Shutdown::wait());
    assert!(receiver.try_recv().is_err());
}

#[test]
fn many_threads_may_wait_for_one_result_without_copying_it() {
    struct NotClone(Vec<u8>);
    let (executor, _running, hold) = busy_pool();
    let future = executor.submit(|| NotClone(vec![1, 2, 3])).unwrap();
    thread::scope(|scope| {
        let waiting = [(); 4].map(|()| scope.spawn(|| &future.result().unwrap().0));
        drop(hold);
        let results = waiting.map(|thread| thread.join().unwrap());
        assert!(
            results
                .iter()
                .all(|result| std::ptr::eq(*result, results[0]))
        );
    });
}

#[test]
fn callbacks_run_once_and_in_order_for_every_outcome() {
    let (executor, _running, hold) = busy_pool();
    let value = executor.submit(|| 1).unwrap();
    let panicked = executor.submit(|| -> i32 { panic!("on purpose") }).unwrap();
    let cancelled = executor.submit(|| 3).unwrap();
    let (sender, receiver) = channel();
    for (name, future) in [
        ("value", &value),
        ("panicked", &panicked),
        ("cancelled", &cancelled),
    ] {
        for nth in 1..=3 {
            let (sender, same) = (sender.clone(), future.clone());
            future.add_done_callback(move |future| {
                assert!(future.done() && *future == same);
                sender.send((name, nth)).unwrap();
            });
        }
    }
    drop(sender);
    cancelled.cancel();
    drop(hold);
    let calls: Vec<_> = receiver.iter().collect();
    let expected = ["cancelled", "value", "panicked"].into_iter();
    let expected: Vec<_> = expected
        .flat_map(|name| (1..=3).map(move |nth| (name, nth)))
        .collect();
    assert_eq!(calls, expected);
}

#[test]
fn a_callback_added_to_a_finished_future_runs_at_once_in_the_adding_thread() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let future = executor.submit(|| 42).unwrap();
    future.result().unwrap();
    let (sender, receiver) = channel();
    future.add_done_callback(move |_| sender.send(thread::current().id()).unwrap());
    assert_eq!(receiver.try_recv(), Ok(thread::current().id()));
    future.add_done_callback(|_| panic!("on purpose, in the adding thread"));
}

#[test]
fn a_callback_that_panics_stops_neither_the_next_one_nor_the_worker() {
    let (executor, _running, hold) = busy_pool();
    let future = executor.submit(|| 42).unwrap();
    let (sender, receiver) = channel();
    future.add_done_callback(|_| panic!("on purpose, in a worker"));
    future.add_done_callback(move |_| sender.send(()).unwrap());
    drop(hold);
    receiver.recv().unwrap();
    assert_eq!(executor.submit(|| 43).unwrap().result(), Ok(&43));
}

#[test]
fn a_callback_may_use_the_future_it_is_called_for() {
    let (executor, _running, hold) = busy_pool();
    let future = executor.submit(|| 42).unwrap();
    let (sender, receiver) = channel();
    future.add_done_callback(move |future| {
        assert!(!future.cancel());
        let inner = sender.clone();
        future.add_done_callback(move |future| inner.send(*future.result().unwrap()).unwrap());
    });
    drop(hold);
    assert_eq!(receiver.recv().unwrap(), 42);
}

#[test]
fn futures_are_keys_by_identity() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (one, two) = (
        executor.submit(|| 7).unwrap(),
        executor.submit(|| 7).unwrap(),
    );
    assert_ne!(one, two, "the same value is not the same future");
    let map = HashMap::from([(one.clone(), "one"), (two.clone(), "two")]);
    assert_eq!((map[&one.clone()], map[&two]), ("one", "two"));
}

#[test]
fn as_completed_yields_in_order_of_completion() {
    let executor = ThreadPoolExecutor::new(3).unwrap();
    let gates: Vec<_> = (0..3)
        .map(|n| {
            let (continue_sender, continued) = sync_channel::<()>(1);
            let task = move || {
                let _ = continued.recv();
                n
            };
            (continue_sender, executor.submit(task).unwrap())
        })
        .collect();
    let mut done = as_completed(gates.iter().map(|(_, future)| future.clone()));
    assert_eq!(done.len(), 3);
    for n in [2, 0, 1] {
        gates[n].0.send(()).unwrap();
        assert_eq!(done.next().unwrap().result(), Ok(&n));
    }
    assert_eq!(done.next(), None);
    assert_eq!(done.next(), None);
}

#[test]
fn as_completed_yields_finished_futures_first_and_each_once() {
    let (executor, running, hold) = busy_pool();
    let [first, second] = [(); 2].map(|()| executor.submit(|| ()).unwrap());
    second.cancel();
    first.cancel();
    let given = [&running, &first, &second, &running, &first].map(Clone::clone);
    let mut done = as_completed(given);
    assert_eq!((done.next(), done.next()), (Some(first), Some(second)));
    drop(hold);
    assert_eq!(done.next(), Some(running));
    assert_eq!(done.next(), None);
}

#[test]
fn as_completed_of_nothing_ends_at_once() {
    assert_eq!(as_completed(Vec::<Future<()>>::new()).next(), None);
}

#[test]
fn as_completed_keeps_no_result_that_it_has_yielded() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let alive = Arc::new(());
    let futures: Vec<_> = (0..3)
        .map(|_| {
            let alive = Arc::clone(&alive);
            executor.submit(move || alive).unwrap()
        })
        .collect();
    executor.shutdown(Shutdown::wait());
    let mut done = as_completed(futures);
    for left in [3, 2, 1] {
        assert_eq!(Arc::strong_count(&alive), 1 + left);
        drop(done.next());
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn no_wake_up_is_lost_when_a_hundred_finish_at_the_same_moment() {
    let executor = ThreadPoolExecutor::new(100).unwrap();
    let together = Arc::new(Barrier::new(100));
    let futures: Vec<_> = (0..100)
        .map(|n| {
            let together = Arc::clone(&together);
            let task = move || {
                together.wait();
                n
            };
            executor.submit(task).unwrap()
        })
        .collect();
    let results: HashSet<_> = as_completed(futures)
        .map(|f| *f.result().unwrap())
        .collect();
    assert_eq!(results.len(), 100);
}
