//! Futures of a pool, awaited by a program on tokio.

use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::{TaskError, ThreadPoolExecutor};

#[tokio::test]
async fn blocking_work_is_awaited_while_the_runtime_goes_on() {
    let executor = ThreadPoolExecutor::new(2).unwrap();
    let (go_on, may_go_on) = channel::<i32>();
    let future = executor.submit(move || may_go_on.recv()).unwrap();
    // One thread runs both: had the other blocked it, this would never be sent.
    let (awaited, ()) = tokio::join!(biased; future.into_future(), async {
        go_on.send(42).unwrap();
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
async fn whoever_gives_up_awaiting_may_come_back() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (go_on, may_go_on) = channel::<()>();
    let future = executor.submit(move || may_go_on.recv().is_err()).unwrap();
    let in_time = tokio::time::timeout(Duration::ZERO, &future).await;
    assert!(in_time.is_err());
    drop(go_on);
    assert_eq!((&future).await, Ok(&true));
}

#[tokio::test]
async fn whoever_awaits_hears_of_the_cancellation() {
    let executor = ThreadPoolExecutor::new(1).unwrap();
    let (hold, held) = channel::<()>();
    let _running = executor.submit(move || held.recv()).unwrap();
    let queued = executor.submit(|| 42).unwrap();
    // In this order: it is pending first, and cancelled then.
    let (awaited, cancelled) =
        tokio::join!(biased; queued.clone().into_future(), async { queued.cancel() });
    assert!(cancelled);
    assert_eq!(awaited, Err(TaskError::Cancelled));
    drop(hold);
}
