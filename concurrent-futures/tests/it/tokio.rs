//! Futures of a pool, awaited on a tokio runtime.

use std::sync::mpsc::channel;
use std::time::Duration;

use concurrent_futures::{TaskError, ThreadPoolExecutor};

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
