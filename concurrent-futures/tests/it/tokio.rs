//! Futures of a pool, awaited on a tokio runtime.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::{AsCompletedStream, Future, TaskError, ThreadPoolExecutor, as_completed};
use futures_core::Stream;

#[tokio::test]
async fn awaiting_blocking_work_does_not_block_the_runtime() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let (continue_sender, continued) = channel::<i32>();
    let future = executor.submit(move || continued.recv()).unwrap();
    // One thread runs both: if awaiting blocked it, this would never be sent.
    let (awaited, ()) = tokio::join!(biased; future.into_future(), async {
        continue_sender.send(42).unwrap();
    });
    assert_eq!(awaited, Ok(Ok(42)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_futures_are_awaited_on_many_threads() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let handles: Vec<_> = (0..5000)
        .map(|n| executor.submit(move || n).unwrap())
        .map(|future| tokio::spawn(future.into_future()))
        .collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.unwrap().unwrap();
    }
    assert_eq!(sum, 4999 * 5000 / 2);
}

#[tokio::test]
async fn a_future_can_be_awaited_again_after_a_timeout() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (continue_sender, continued) = channel::<()>();
    let future = executor.submit(move || continued.recv().is_err()).unwrap();
    let in_time = tokio::time::timeout(Duration::ZERO, &future).await;
    assert!(in_time.is_err());
    drop(continue_sender);
    assert_eq!((&future).await, Ok(&true));
}

#[tokio::test]
async fn an_awaiting_task_sees_the_cancellation() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (hold, held) = channel::<()>();
    let _running = executor.submit(move || held.recv()).unwrap();
    let queued = executor.submit(|| 42).unwrap();
    // `biased` polls in this order: the future is pending first and cancelled afterwards.
    let (awaited, cancelled) =
        tokio::join!(biased; queued.clone().into_future(), async { queued.cancel() });
    assert!(cancelled);
    assert_eq!(awaited, Err(TaskError::Cancelled));
    drop(hold);
}

async fn next<T>(stream: &mut AsCompletedStream<T>) -> Option<Future<T>> {
    std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

#[tokio::test]
async fn a_stream_yields_futures_in_order_of_completion_while_the_runtime_goes_on() {
    let executor = ThreadPoolExecutor::new(3).unwrap();
    let (gates, futures): (Vec<_>, Vec<_>) = (0..3)
        .map(|n| {
            let (go_on, may_go_on) = channel::<()>();
            let task = move || may_go_on.recv().map_or(n, |()| n);
            (go_on, executor.submit(task).unwrap())
        })
        .unzip();
    let mut done = as_completed(futures.iter().chain(&futures).cloned()).into_stream();
    assert_eq!(done.size_hint(), (3, Some(3)));
    for n in [2, 0, 1] {
        // One thread runs both: had the first blocked it, the second would never run.
        let (future, ()) = tokio::join!(biased; next(&mut done), async {
            gates[n].send(()).unwrap();
        });
        assert_eq!(future.unwrap(), futures[n]);
    }
    assert_eq!((next(&mut done).await, next(&mut done).await), (None, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_misses_none_of_thousands() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    for _ in 0..20 {
        let submit = |n| executor.submit(move || n).unwrap();
        let mut done = as_completed((0..500).map(submit)).into_stream();
        let task = tokio::spawn(async move {
            let mut values = HashSet::new();
            while let Some(future) = next(&mut done).await {
                values.insert(future.into_result().expect("the only handle").unwrap());
            }
            values.len()
        });
        assert_eq!(task.await.unwrap(), 500);
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_holds_neither_futures_nor_the_task() {
    let alive = std::sync::Arc::new(());
    let (promise, future) = Future::pair();
    let mut done = as_completed([future]).into_stream();
    let held = std::sync::Arc::clone(&alive);
    let task = tokio::spawn(async move {
        let _held = held;
        next(&mut done).await.map(drop)
    });
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
    promise.set(Ok(std::sync::Arc::clone(&alive)));
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}
